// SPDX-License-Identifier: Apache-2.0
//
// Memory that ends all at once: what an exchange needs, from its head to its last byte.
//
// Allocation moves a pointer; nothing is freed singly and no destructor runs. The first bytes lie
// inside the owner, so a plain exchange takes nothing from the general heap; further blocks come
// from the heap and are given back by reset. A limit keeps one exchange from eating the process.
//
// Thread: one owner.
#pragma once

#include <cstddef>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>

namespace weir {

class Arena {
 public:
  // `first` outlives the arena; `limit` counts all bytes handed out.
  Arena(std::span<std::byte> first, size_t limit);
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
  };
  void* grow(size_t size, size_t align);

  std::span<std::byte> first_;
  std::byte* at_;
  std::byte* end_;
  Block* blocks_ = nullptr;
  size_t limit_;
  size_t used_ = 0;
};

}  // namespace weir
