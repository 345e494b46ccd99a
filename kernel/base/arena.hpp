// SPDX-License-Identifier: Apache-2.0
//
// Memory that ends all at once: what an exchange needs, from its head to its last byte.
//
// Allocation moves a pointer; nothing is freed singly and no destructor runs. The first bytes lie
// inside the owner, so a plain exchange takes nothing from the general heap; further blocks come
// from the heap, are counted where the owner says, and are given back by reset. A limit keeps one
// exchange from eating the process.
//
// Thread: one owner.
#pragma once

#include "base/held_bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>

namespace weir {

class Arena {
 public:
  // `first` and `held` outlive the arena; `limit` counts all bytes handed out.
  Arena(std::span<std::byte> first, size_t limit, HeldBytes* held = nullptr);
  ~Arena() { reset(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Uninitialised; nullptr when the limit is reached. Expects: `align` is a power of two.
  void* allocate(size_t size, size_t align = alignof(std::max_align_t));

  // A copy that lasts as long as the arena's content; a null view when the limit is reached.
  std::string_view copy(std::string_view text);

  // Value-initialised array; empty when the limit is reached.
  template <class T>
  std::span<T> make(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    auto* at = static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
    for (size_t i = 0; at != nullptr && i < count; ++i) new (at + i) T{};
    return {at, at == nullptr ? 0 : count};
  }

  size_t used() const { return used_; }

  // For words about the limit itself.
  void raise_limit(size_t by) { limit_ += by; }

  // Forgets everything and gives further blocks back.
  void reset();

 private:
  struct Block {
    Block* next;
    size_t size;
  };
  static std::byte* aligned(std::byte* at, size_t align);
  void* grow(size_t size, size_t align);

  std::span<std::byte> first_;
  std::byte* at_;
  std::byte* end_;
  Block* blocks_ = nullptr;
  HeldBytes* held_;
  size_t limit_;
  size_t used_ = 0;
};

inline std::byte* Arena::aligned(std::byte* at, size_t align) {
  const auto value = reinterpret_cast<uintptr_t>(at);
  return at + (-value & (align - 1));
}

inline void* Arena::allocate(size_t size, size_t align) {
  std::byte* const start = aligned(at_, align);
  if (size > limit_ - used_) return nullptr;
  if (start > end_ || static_cast<size_t>(end_ - start) < size) return grow(size, align);
  used_ += size;
  at_ = start + size;
  return start;
}

}  // namespace weir
