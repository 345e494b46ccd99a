// SPDX-License-Identifier: Apache-2.0
//
// What belongs to one connection and must not travel on (RFC 9110, 7.6.1), and the names that two
// programs may take for one another.
//
// Order matters: strip first, then add one's own forwarding fields, or a client could make the
// proxy drop them by naming them in Connection.
//
// Thread: the owner of the fields.
#pragma once

#include "base/result.hpp"
#include "http/fields.hpp"
#include "http/refusals.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace weir {

struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
};

// What all Connection lines say. Refused when they are no list of at most 32 names.
Result<ConnectionOptions, Refusal> connection_options(const Fields& fields);

// Removes Connection, all it names, and every other field of one connection. TE stays when it says
// "trailers", and then only that. Refused, with nothing changed, when Connection names a field that
// later programs rely on, or one of `identity` (ids of names that modules declared).
// Expects: the Upgrade of a WebSocket is added again by the caller.
std::optional<Refusal> strip_hop_by_hop(Fields& fields, std::span<const uint32_t> identity = {});

// True for fields that decide framing, routing, identity or authority: no trailer may bring them
// and no Connection may drop them.
bool is_protected_field(std::string_view name);

// Removes names outside letters, digits and "-": CGI-like programs read "X_User" as "X-User". Ids
// in `allowed` stay. Returns how many went.
size_t drop_odd_names(Fields& fields, std::span<const uint32_t> allowed = {});

// How often this proxy stands in Via already.
size_t via_count(const Fields& fields, std::string_view pseudonym);

}  // namespace weir
