// SPDX-License-Identifier: Apache-2.0
//
// Writes beyond its buffer, into the heap's own words, and gives it back.
#include "bad.hpp"

#include <array>
#include <cstddef>
#include <cstdlib>

namespace {

constexpr size_t size = 100'000;  // too large for a cache that would not look at its neighbours

uint32_t request(const weir_call*) {
  std::array<void*, 4> buffers{};
  for (void*& buffer : buffers) buffer = std::malloc(size);
  auto* const one = static_cast<volatile char*>(buffers[1]);
  for (size_t i = 0; i < size + 40; ++i) one[i] = 'A';
  for (void* const buffer : buffers) std::free(buffer);
  return WEIR_NEXT;
}

constexpr weir_http_filter ops{sizeof ops, 0, request, nullptr, nullptr, nullptr, nullptr, nullptr};
constexpr weir_component filter = bad::filter("overrun", ops);

}  // namespace

BAD_MODULE("overrun", "weir.http-filter/1", &filter)
