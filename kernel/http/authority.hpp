// SPDX-License-Identifier: Apache-2.0
//
// host[:port], the one spelling of it that is routed, compared and forwarded.
//
// Narrower than RFC 3986 on purpose: a registered name is letters, digits, "-", "_" and "." only,
// so that userinfo, lists, paths, escapes and zone ids, which other programs read in other ways,
// are not host names here.
//
// Thread: the owner of the arena.
#pragma once

#include "base/arena.hpp"

#include <optional>
#include <string_view>

namespace weir {

struct Authority {
  std::string_view text;  // lower case
  std::string_view host;  // without port and last dot; an IPv6 address keeps its brackets
};

// Nothing when it breaks the grammar, or the arena is exhausted.
std::optional<Authority> parse_authority(std::string_view text, Arena& arena);

}  // namespace weir
