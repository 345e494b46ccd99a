// SPDX-License-Identifier: Apache-2.0
//
// Bytes of an HTTP/1 head to a RequestHead or ResponseHead, or the reason why not.
//
// Strict on purpose: two programs that read a message differently are how requests are smuggled, so
// whatever anybody might read in another way is refused (RFC 9112, 11; appendix A of the design).
// The reader copies nothing but what must change case or be made canonical; names become ids here.
//
// Use: HeadScanner finds the head, one of these reads it, BodyReader takes what follows.
//
// Thread: the owner of the arena.
#pragma once

#include "base/arena.hpp"
#include "http/body_reader.hpp"  // IWYU pragma: export
#include "http/head.hpp"
#include "http/head_scanner.hpp"  // IWYU pragma: export
#include "http/message_rules.hpp"
#include "http/names.hpp"

#include <optional>
#include <string_view>

namespace weir {

struct ResponseOptions {
  HeadLimits limits = response_limits;
  std::string_view request_method;  // a response to HEAD has no body
};

// `head` reaches to its empty line and lasts as long as the arena; `out` is set anew.
std::optional<Refusal> read_request(std::string_view head, const RequestOptions& options,
                                    Arena& arena, const Names& names, RequestHead& out);

// The same for a response, interim ones (1xx) included. Every refusal has status 502.
std::optional<Refusal> read_response(std::string_view head, const ResponseOptions& options,
                                     Arena& arena, const Names& names, ResponseHead& out);

}  // namespace weir
