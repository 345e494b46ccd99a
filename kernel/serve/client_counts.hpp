// SPDX-License-Identifier: Apache-2.0
//
// Connections per client address, over all loops, without a lock or an allocation.
//
// A count-min sketch (Cormode, Muthukrishnan 2005): each address counts in one cell of each of two
// rows, and the smaller cell is the answer. It never says too little; it says too much only when an
// address shares both cells with busy ones, which a secret seed keeps clients from arranging.
//
// Thread: any.
#pragma once

#include <weir/module.h>

#include <array>
#include <atomic>
#include <cstdint>

namespace weir {

class ClientCounts {
 public:
  explicit ClientCounts(uint64_t seed) : seed_(seed) {}

  // Counts one more; the connections this client has now, at the most. IPv6 counts by /64.
  uint32_t add(const weir_address& client);
  void remove(const weir_address& client);

 private:
  static constexpr size_t columns = 1 << 14;
  struct Cells {
    size_t first, second;
  };
  Cells cells_of(const weir_address& client) const;

  uint64_t seed_;
  std::array<std::array<std::atomic<uint32_t>, columns>, 2> rows_{};
};

}  // namespace weir
