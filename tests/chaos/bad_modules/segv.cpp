// SPDX-License-Identifier: Apache-2.0
//
// Writes to nowhere when the response's body comes.
#include "bad.hpp"

namespace {

uint32_t response(const weir_call* call) {
  bad::http->want_body(call, WEIR_STREAM_BODY, 0);
  return WEIR_NEXT;
}

uint32_t response_body(const weir_call*, weir_body*, weir_body*) {
  volatile int* volatile nowhere = nullptr;
  *nowhere = 1;
  return WEIR_NEXT;
}

constexpr weir_http_filter ops{sizeof ops,    0,       nullptr, nullptr, response,
                               response_body, nullptr, nullptr};
constexpr weir_component filter = bad::filter("segv", ops);

}  // namespace

BAD_MODULE("segv", "weir.http-filter/1", &filter)
