// SPDX-License-Identifier: Apache-2.0
#include "base/reserve.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <new>

#include <sys/mman.h>

namespace weir {
namespace {

constexpr size_t piece_size = 1024 * 1024;  // what the C library asks of the system at a time
std::array<std::atomic<void*>, 8> pieces;

// Address space only: what is never touched costs no memory.
void* take_piece() {
  void* const piece =
      ::mmap(nullptr, piece_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return piece == MAP_FAILED ? nullptr : piece;
}

}  // namespace

void Reserve::keep() {
  if (std::get_new_handler() == give_back) return;
  missing.store(pieces.size(), std::memory_order_relaxed);
  fill();
  std::set_new_handler(give_back);
}

bool Reserve::fill() {
  for (auto& place : pieces) {
    if (place.load(std::memory_order_relaxed) != nullptr) continue;
    void* const piece = take_piece();
    if (piece == nullptr) return false;
    void* nothing = nullptr;
    if (place.compare_exchange_strong(nothing, piece)) {
      missing.fetch_sub(1, std::memory_order_relaxed);
    } else {
      ::munmap(piece, piece_size);
    }
  }
  return true;
}

// The handler of failed allocations, which are tried again when it returns.
void Reserve::give_back() {
  failed.fetch_add(1, std::memory_order_relaxed);
  for (auto& place : pieces) {
    void* const piece = place.exchange(nullptr);
    if (piece == nullptr) continue;
    missing.fetch_add(1, std::memory_order_relaxed);
    ::munmap(piece, piece_size);
    return;
  }
  throw std::bad_alloc();
}

}  // namespace weir
