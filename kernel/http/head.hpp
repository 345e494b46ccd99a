// SPDX-License-Identifier: Apache-2.0
//
// A parsed head: what the strict reader makes of bytes, and what the writer makes bytes from.
//
// Texts are views into the received bytes or the exchange's arena. Nothing here says how the bytes
// looked, so a head that is written again is always well formed.
//
// Thread: the owner of the arena.
#pragma once

#include "http/fields.hpp"
#include "http/limits.hpp"
#include "http/refusals.hpp"

#include <cstdint>
#include <string_view>

namespace weir {

enum class Side : uint8_t { request, response };
enum class Version : uint8_t { http10, http11 };

constexpr std::string_view text(Version version) {
  return version == Version::http10 ? "HTTP/1.0" : "HTTP/1.1";
}

// Where a body ends.
struct Framing {
  enum class Kind : uint8_t { none, length, chunked, until_close };
  Kind kind = Kind::none;
  uint64_t length = 0;  // of Kind::length
};

struct RequestHead {
  std::string_view method;
  std::string_view target;     // as received
  std::string_view path;       // canonical, or "*"
  std::string_view query;      // as received, without "?"; null when there is no "?"
  std::string_view authority;  // host[:port], lower case; also the value of the Host line
  std::string_view host;       // of it, without port and without the last dot of a full name
  std::string_view scheme;     // of the connection; a target in absolute form does not change it
  Version version = Version::http11;
  Fields fields;
  Framing framing;
  bool keep_alive = false;
  bool expect_continue = false;  // the client waits for 100 before it sends the body
  bool upgrade_websocket = false;
  bool encoded_slash = false;  // the path holds %2F: the route must allow it
};

struct ResponseHead {
  uint16_t status = 0;
  std::string_view reason;  // may be empty
  Version version = Version::http11;
  Fields fields;
  Framing framing;   // of the bytes that follow
  Framing declared;  // what the fields say; differs from framing after HEAD, and for 204 and 304
  bool keep_alive = false;  // as far as the head tells
  bool upgrade_websocket = false;
};

}  // namespace weir
