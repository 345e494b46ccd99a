// SPDX-License-Identifier: Apache-2.0
//
// What a head means once its lines are apart: host, path, framing, persistence.
//
// Apart from the reader so that a codec which gets its fields in another form (HTTP/2, HTTP/3) is
// held to the same rules.
//
// Thread: the owner of the arena.
#pragma once

#include "base/arena.hpp"
#include "base/result.hpp"
#include "http/head.hpp"

#include <optional>
#include <string_view>

namespace weir {

struct RequestOptions {
  HeadLimits limits;
  std::string_view scheme = "http";  // of the connection, "http" or "https"
  // Lets %2F through into `path`, with encoded_slash set: for listeners with a route that allows
  // it.
  bool allow_encoded_slash = false;
};

// Fields that a request may hold once only: with two of them, two programs act on two values.
bool is_single(uint32_t id, Side side);

// Reads Content-Length and Transfer-Encoding; Kind::none when there is neither.
Result<Framing, Refusal> declared_framing(const Fields& fields, Version version);

// Fills everything of a request that follows from method, target, version and fields.
std::optional<Refusal> settle_request(RequestHead& head, const RequestOptions& options,
                                      Arena& arena);

// The same from status, version and fields. Refusals are still those of a request: map them.
std::optional<Refusal> settle_response(ResponseHead& head, std::string_view request_method);

}  // namespace weir
