// SPDX-License-Identifier: Apache-2.0
//
// The code that is mapped into this process, by address, for stacks written in a signal handler.
//
// Thread: note control; find any, async-signal-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace weir {

struct MappedImage {
  uintptr_t begin = 0, end = 0;  // of its code
  uintptr_t base = 0;            // an address less this is what addr2line takes
  std::array<char, 72> name{};   // the file's, without folders
};

class MappedImages {
 public:
  static constexpr size_t most = 256;

  // Looks anew. A handler that runs meanwhile sees the former state.
  void note();
  // nullptr: no code lies there.
  const MappedImage* find(uintptr_t address) const;

 private:
  struct Table {
    size_t count = 0;
    std::array<MappedImage, most> images;
  };
  std::array<Table, 2> tables_;
  std::atomic<const Table*> current_ = nullptr;
};

}  // namespace weir
