// SPDX-License-Identifier: Apache-2.0
//
// Turns round for five seconds with a request to /spin.
#include "bad.hpp"

#include <chrono>
#include <string_view>

namespace {

uint32_t request(const weir_call* call) {
  const weir_str path = bad::http->attr(call->tx, WEIR_A_REQUEST_PATH);
  if (std::string_view(path.p, path.n) != "/spin") return WEIR_NEXT;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (std::chrono::steady_clock::now() < end) {
  }
  return WEIR_NEXT;
}

constexpr weir_http_filter ops{sizeof ops, 0, request, nullptr, nullptr, nullptr, nullptr, nullptr};
constexpr weir_component filter = bad::filter("spin", ops);

}  // namespace

BAD_MODULE("spin", "weir.http-filter/1", &filter)
