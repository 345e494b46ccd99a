// SPDX-License-Identifier: Apache-2.0
//
// Turns round for five seconds of its thread with a request to /spin.
#include "bad.hpp"

#include <string_view>

#include <time.h>

namespace {

uint32_t request(const weir_call* call) {
  const weir_str path = bad::http->attr(call->tx, WEIR_A_REQUEST_PATH);
  if (std::string_view(path.p, path.n) != "/spin") return WEIR_NEXT;
  timespec used{};
  const auto now = [&] { return ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used), used.tv_sec; };
  const auto end = now() + 5;
  while (now() < end) {
  }
  return WEIR_NEXT;
}

constexpr weir_http_filter ops{sizeof ops, 0, request, nullptr, nullptr, nullptr, nullptr, nullptr};
constexpr weir_component filter = bad::filter("spin", ops);

}  // namespace

BAD_MODULE("spin", "weir.http-filter/1", &filter)
