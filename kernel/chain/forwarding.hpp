// SPDX-License-Identifier: Apache-2.0
//
// The fields by which a proxy tells the endpoint whom it speaks for: X-Forwarded-For, -Proto,
// -Host, Forwarded (RFC 7239) and Via (RFC 9110, 7.6.3).
//
// What a client says of itself is overwritten, unless the peer is a proxy that the configuration
// trusts; then its chain is continued.
//
// Thread: one loop.
#pragma once

#include "base/arena.hpp"
#include "chain/site.hpp"
#include "http/fields.hpp"

#include <string_view>

namespace weir {

struct Forwarding {
  weir_address peer;    // of the socket
  weir_address client;  // for whom it speaks
  std::string_view scheme;
  std::string_view authority;
  std::string_view version;  // "1.1" of the received message
};

// False: the arena is exhausted.
bool add_forwarding(Fields& fields, const Forwarding& forwarding, const SiteOnLoop& site,
                    Arena& arena);

// Appends this proxy to Via.
bool add_via(Fields& fields, std::string_view version, const ListenerOnLoop& listener,
             Arena& arena);

bool is_trusted(const weir_address& peer, const SiteOnLoop& site);

// Pieces one after the other, in the arena; a null view when it is exhausted.
std::string_view join(std::initializer_list<std::string_view> pieces, Arena& arena);

// Without port, as logs and fields show it; no general allocation.
std::string_view address_text(const weir_address& address, Arena& arena);

}  // namespace weir
