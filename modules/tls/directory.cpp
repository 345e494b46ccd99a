// SPDX-License-Identifier: Apache-2.0
#include "directory.hpp"

#include "certificate.hpp"
#include "host_name.hpp"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace {

void add(Directory::Choice& choice, const Certificate* certificate) {
  const bool taken = std::any_of(choice.begin(), choice.end(), [certificate](const auto* other) {
    return other->key_type() == certificate->key_type();
  });
  if (!taken) choice.push_back(certificate);
}

}  // namespace

Directory::Directory(std::vector<Held> certificates) : certificates_(std::move(certificates)) {
  for (const auto& certificate : certificates_) {
    for (const auto& name : certificate->names()) add(choices_[name], certificate.get());
  }
  const Certificate* const first = certificates_.front().get();
  add(standard_, first);
  if (first->names().empty()) return;
  for (const auto* beside : choices_[first->names().front()]) add(standard_, beside);
}

const Directory::Choice& Directory::find(std::string_view name) const {
  if (name.empty()) return standard_;
  const auto exact = choices_.find(name);
  if (exact != choices_.end()) return exact->second;
  const auto beside = choices_.find(wildcard_of(name));
  return beside != choices_.end() ? beside->second : standard_;
}

bool Directory::share(std::string_view name, std::string_view host) const {
  const auto& own = find(name);
  if (own == find(host)) return true;
  return std::any_of(own.begin(), own.end(),
                     [host](const auto* certificate) { return certificate->covers(host); });
}
