// SPDX-License-Identifier: Apache-2.0
//
// Memory kept back for the moment when the system gives none.
//
// An allocation that fails gives a piece of it back to the system and is tried again, so that what
// is under way ends well instead of being torn apart in its middle. While the reserve is not whole
// nothing new is begun. When it is used up std::bad_alloc is thrown, which ends the process.
//
// Thread: any.
#pragma once

#include <atomic>
#include <cstdint>

namespace weir {

class Reserve {
 public:
  // Takes the memory; from here on failed allocations of the whole process come here. Again is
  // harmless.
  static void keep();

  // False: memory is short, begin nothing new. A reserve that is not whole is filled up first.
  static bool whole() { return missing.load(std::memory_order_relaxed) == 0 || fill(); }

  // How many allocations have failed since this was asked last.
  static uint64_t failures() { return failed.exchange(0, std::memory_order_relaxed); }

 private:
  static bool fill();
  static void give_back();

  static inline std::atomic<unsigned> missing = 0;  // pieces
  static inline std::atomic<uint64_t> failed = 0;
};

}  // namespace weir
