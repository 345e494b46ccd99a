// SPDX-License-Identifier: Apache-2.0
//
// Answers with a text that it says to be a gigabyte long.
#include "bad.hpp"

namespace {

uint32_t request(const weir_call* call) {
  static const char text[] = "short";
  bad::http->respond(call->tx, 200, nullptr, 0, {text, 1UL << 30});
  return WEIR_ANSWERED;
}

constexpr weir_http_filter ops{sizeof ops, 0, request, nullptr, nullptr, nullptr, nullptr, nullptr};
constexpr weir_component filter = bad::filter("wrong_size", ops);

}  // namespace

BAD_MODULE("wrong_size", "weir.http-filter/1", &filter)
