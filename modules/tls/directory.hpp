// SPDX-License-Identifier: Apache-2.0
//
// Which certificates answer for a name: those that name it, else those with the wildcard beside it,
// else the standard ones. Never changed once made; shared by all loops.
#pragma once

#include "certificate.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

class Directory {
 public:
  using Held = std::shared_ptr<const Certificate>;
  // At most one of each kind of key; of two alike the first in the file.
  using Choice = std::vector<const Certificate*>;

  // Expects at least one. The first is the standard, together with those that share its first name.
  explicit Directory(std::vector<Held> certificates);

  const std::vector<Held>& all() const { return certificates_; }

  // For a name in lower case; an empty one is nobody's.
  const Choice& find(std::string_view name) const;

  // Whether a connection made for `name` may carry requests for `host`: both are answered for by
  // the same certificates, or one of those that `name` got covers the host too.
  bool share(std::string_view name, std::string_view host) const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  std::vector<Held> certificates_;
  std::unordered_map<std::string, Choice, Hash, std::equal_to<>> choices_;
  Choice standard_;
};
