// SPDX-License-Identifier: Apache-2.0
//
// What endpoints gave us to come back with, by their names and addresses. Of one loop.
#pragma once

#include "openssl.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

class Sessions {
 public:
  static constexpr size_t most = 1024;

  // Sessions were made under `trust`: once it changes, none of them may be resumed.
  SSL_SESSION* find(const std::string& endpoint, const std::shared_ptr<const void>& trust) {
    if (trust_ != trust) {
      held_.clear();
      trust_ = trust;
    }
    const auto found = held_.find(endpoint);
    return found != held_.end() ? found->second.get() : nullptr;
  }

  void put(const std::string& endpoint, const std::shared_ptr<const void>& trust,
           SessionPtr session) {
    if (trust_ != trust) return;
    if (held_.size() >= most && !held_.contains(endpoint)) held_.erase(held_.begin());
    held_.insert_or_assign(endpoint, std::move(session));
  }

 private:
  std::shared_ptr<const void> trust_;
  std::unordered_map<std::string, SessionPtr> held_;
};
