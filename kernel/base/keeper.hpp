// SPDX-License-Identifier: Apache-2.0
//
// What keeps the bytes of a slice alive: memory, a file, a pipe. Whoever holds it counts.
//
// Thread: one loop.
#pragma once

#include <cstdint>

namespace weir {

struct Keeper {
  uint32_t references = 1;
  void (*release)(Keeper*) noexcept = nullptr;
};

inline void unref(Keeper* keeper) {
  if (keeper != nullptr && --keeper->references == 0) keeper->release(keeper);
}

}  // namespace weir
