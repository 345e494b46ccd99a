// SPDX-License-Identifier: Apache-2.0
//
// The URL that a client is sent to. Whatever went into it, the text holds no byte that may not
// stand in a URL, names no other host than it was told to, and its path begins with exactly one
// slash: a client reads "//x" as a host.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

struct Authority {
  std::string_view host;
  uint32_t port = 0;  // 0: that of the scheme
};

// "example.com:8080", "[::1]". A port that is no number is 0.
Authority split_authority(std::string_view text);

// True when it can be a host: a name, an IPv4 address, or an IPv6 address in brackets.
bool is_host(std::string_view text);

struct Place {
  std::string_view scheme;  // empty: the client's own, and the host and port too
  Authority authority;
  std::string path, query;
};

// Sets path and query from "path?query", then appends `kept` to the query.
void set_target(std::string_view text, std::string_view kept, Place& place);

// True when both are the same URL; of a Place without scheme only path and query count.
bool same(const Place& place, const Place& other);

// What stands in Location. Expects: is_host(authority.host) if there is a scheme.
void append_location(const Place& place, std::string& to);
