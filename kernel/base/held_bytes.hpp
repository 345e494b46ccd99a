// SPDX-License-Identifier: Apache-2.0
//
// How many bytes of the heap one loop holds for messages: its body queues and its exchanges.
//
// Thread: add and remove: the loop's; now: any.
#pragma once

#include <atomic>
#include <cstdint>

namespace weir {

class HeldBytes {
 public:
  // One writer needs no locked instruction.
  void add(uint64_t bytes) { bytes_.store(now() + bytes, std::memory_order_relaxed); }
  void remove(uint64_t bytes) { bytes_.store(now() - bytes, std::memory_order_relaxed); }
  uint64_t now() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> bytes_ = 0;
};

}  // namespace weir
