// SPDX-License-Identifier: Apache-2.0
//
// Keeps 10 MiB of each request for ever.
#include "bad.hpp"

#include <cstddef>
#include <cstring>

namespace {

constexpr size_t size = 10 << 20;
char* volatile kept;

uint32_t response(const weir_call*) {
  kept = new char[size];
  std::memset(kept, 1, size);
  return WEIR_NEXT;
}

constexpr weir_http_filter ops{sizeof ops, 0,       nullptr, nullptr,
                               response,   nullptr, nullptr, nullptr};
constexpr weir_component filter = bad::filter("leak", ops);

}  // namespace

BAD_MODULE("leak", "weir.http-filter/1", &filter)
