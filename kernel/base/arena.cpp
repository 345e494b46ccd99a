// SPDX-License-Identifier: Apache-2.0
#include "base/arena.hpp"

#include "base/held_bytes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <span>
#include <string_view>

namespace weir {
namespace {

constexpr size_t block_size = 4096;

}  // namespace

Arena::Arena(std::span<std::byte> first, size_t limit, HeldBytes* held)
    : first_(first),
      at_(first.data()),
      end_(first.data() + first.size()),
      held_(held),
      limit_(limit) {}

void* Arena::grow(size_t size, size_t align) {
  const size_t bytes = std::max(block_size, sizeof(Block) + align + size);
  auto* const block = static_cast<Block*>(::operator new(bytes, std::nothrow));
  if (block == nullptr) return nullptr;
  *block = {blocks_, bytes};
  blocks_ = block;
  if (held_ != nullptr) held_->add(bytes);
  auto* const begin = reinterpret_cast<std::byte*>(block + 1);
  std::byte* const start = aligned(begin, align);
  std::byte* const end = reinterpret_cast<std::byte*>(block) + bytes;
  used_ += size;
  // A large request must not waste what is left of the current block.
  if (bytes > block_size) return start;
  at_ = start + size;
  end_ = end;
  return start;
}

std::string_view Arena::copy(std::string_view text) {
  auto* const at = static_cast<char*>(allocate(text.size(), 1));
  if (at == nullptr) return {};
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  return {at, text.size()};
}

void Arena::reset() {
  while (blocks_ != nullptr) {
    Block* const next = blocks_->next;
    if (held_ != nullptr) held_->remove(blocks_->size);
    ::operator delete(blocks_);
    blocks_ = next;
  }
  at_ = first_.data();
  end_ = first_.data() + first_.size();
  used_ = 0;
}

}  // namespace weir
