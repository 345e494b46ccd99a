// SPDX-License-Identifier: Apache-2.0
#include "base/body.hpp"

#include <weir/module.h>

#include "base/contract.hpp"
#include "base/keeper.hpp"
#include "base/pipe.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace weir {
namespace {

struct Lent : Keeper {
  weir_fn fn;
  void* arg;
};

struct OpenFile : Keeper {
  int descriptor;
};

void release_lent(Keeper* keeper) noexcept {
  auto* const lent = static_cast<Lent*>(keeper);
  if (lent->fn != nullptr) lent->fn(lent->arg, WEIR_OK);
  delete lent;
}

void release_file(Keeper* keeper) noexcept {
  auto* const file = static_cast<OpenFile*>(keeper);
  ::close(file->descriptor);
  delete file;
}

}  // namespace

BodyPool::~BodyPool() {
  while (blocks_ != nullptr) ::operator delete(std::exchange(blocks_, blocks_->next));
  while (chunks_ != nullptr) {
    Chunk* const next = chunks_->next;
    ::operator delete(chunks_);
    chunks_ = next;
  }
}

Slice* BodyPool::take_slice() {
  if (slices_ == nullptr) add_slices();
  return std::exchange(slices_, slices_->next);
}

void BodyPool::add_slices() {
  auto* const block = static_cast<SliceBlock*>(::operator new(sizeof(SliceBlock)));
  held_.add(sizeof(SliceBlock));
  block->next = blocks_;
  blocks_ = block;
  for (Slice& slice : block->slices) give_slice(&slice);
}

std::span<char> BodyPool::file_room() {
  constexpr size_t size = 64 * 1024;
  if (file_room_ == nullptr) file_room_ = std::make_unique_for_overwrite<char[]>(size);
  return {file_room_.get(), size};
}

void BodyPool::give_slice(Slice* slice) {
  slice->next = slices_;
  slices_ = slice;
}

Chunk* BodyPool::take_chunk(uint32_t size) {
  ++in_use_;
  if (size <= chunk_size && chunks_ != nullptr) {
    Chunk* const chunk = chunks_;
    chunks_ = chunk->next;
    --idle_;
    chunk->references = 1;
    chunk->used = 0;
    return chunk;
  }
  const uint32_t capacity = std::max(size, chunk_size);
  auto* const chunk = new (::operator new(sizeof(Chunk) + capacity)) Chunk;
  held_.add(sizeof(Chunk) + capacity);
  chunk->release = give_chunk;
  chunk->capacity = capacity;
  chunk->home = this;
  return chunk;
}

void BodyPool::give_chunk(Keeper* keeper) noexcept {
  auto* const chunk = static_cast<Chunk*>(keeper);
  BodyPool* const home = chunk->home;
  --home->in_use_;
  if (chunk->capacity != chunk_size || home->idle_ >= spare) {
    home->held_.remove(sizeof(Chunk) + chunk->capacity);
    ::operator delete(chunk);
    return;
  }
  chunk->next = home->chunks_;
  home->chunks_ = chunk;
  ++home->idle_;
}

}  // namespace weir

using weir::Chunk;
using weir::Keeper;
using weir::Slice;

namespace {

constexpr uint64_t little = 2048;  // bytes that are copied rather than passed on

}  // namespace

void weir_body::append(const Slice& content) {
  Slice* const slice = pool_->take_slice();
  *slice = content;
  (back_ == nullptr ? front_ : back_->next) = slice;
  back_ = slice;
  length_ += slice->size;
}

std::span<char> weir_body::reserve(uint32_t size) {
  if (tail_ != nullptr && tail_->capacity - tail_->used >= size) {
    return {tail_->bytes() + tail_->used, tail_->capacity - tail_->used};
  }
  Chunk* const chunk = pool_->take_chunk(size);
  append({nullptr, chunk->bytes(), 0, chunk, 0, Slice::Kind::memory});
  tail_ = chunk;
  return {chunk->bytes(), chunk->capacity};
}

void weir_body::commit(uint32_t size) {
  weir::expects(tail_ != nullptr && size <= tail_->capacity - tail_->used, "reserved bytes");
  tail_->used += size;
  back_->size += size;
  length_ += size;
}

void weir_body::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto room = reserve(1);
    const size_t part = std::min(bytes.size(), room.size());
    std::memcpy(room.data(), bytes.data(), part);
    commit(static_cast<uint32_t>(part));
    bytes.remove_prefix(part);
  }
}

void weir_body::put_borrowed(std::string_view bytes) {
  if (bytes.empty()) return;
  tail_ = nullptr;
  borrows_ = true;
  append({nullptr, bytes.data(), bytes.size(), nullptr, 0, Slice::Kind::memory});
}

void weir_body::put_owned(std::string_view bytes, weir_fn done, void* arg) {
  if (bytes.empty()) {
    if (done != nullptr) done(arg, WEIR_OK);
    return;
  }
  tail_ = nullptr;
  auto* const lent = new weir::Lent{{1, weir::release_lent}, done, arg};
  append({nullptr, bytes.data(), bytes.size(), lent, 0, Slice::Kind::memory});
}

bool weir_body::put_file(int descriptor, uint64_t at, uint64_t size) {
  if (size == 0) return true;
  const int own = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return false;
  tail_ = nullptr;
  auto* const file = new weir::OpenFile{{1, weir::release_file}, own};
  append({nullptr, nullptr, size, file, at, Slice::Kind::file});
  return true;
}

void weir_body::put_piped(weir::Pipe& pipe, uint64_t size) {
  tail_ = nullptr;
  ++pipe.references;
  append({nullptr, nullptr, size, &pipe, 0, Slice::Kind::pipe});
}

// A slice that holds the first `size` bytes of the front one, which keeps the rest.
Slice* weir_body::split_front(uint64_t size) {
  Slice* const part = pool_->take_slice();
  *part = *front_;
  part->next = nullptr;
  part->size = size;
  if (part->keeper != nullptr) ++part->keeper->references;
  if (front_->data != nullptr) front_->data += size;
  front_->at += size;
  front_->size -= size;
  length_ -= size;
  return part;
}

bool weir_body::coalesce(weir_body& from, uint64_t size) {
  if (size > little || tail_ == nullptr || tail_->capacity - tail_->used < size) return false;
  std::array<weir_str, 4> pieces;
  const size_t count = from.spans(pieces);
  uint64_t found = 0;
  for (size_t i = 0; i < count; ++i) found += pieces[i].n;
  if (found < size) return false;
  uint64_t left = size;
  for (size_t i = 0; left > 0; ++i) {
    const auto part = std::min<uint64_t>(left, pieces[i].n);
    put({pieces[i].p, static_cast<size_t>(part)});
    left -= part;
  }
  from.drop(size);
  return true;
}

void weir_body::move(weir_body& from, uint64_t size) {
  size = std::min(size, from.length_);
  if (from.front_ == nullptr || this == &from || coalesce(from, size)) return;
  borrows_ = borrows_ || from.borrows_;
  tail_ = nullptr;
  while (size > 0) {
    Slice* slice = from.front_;
    if (slice->size > size) {
      slice = from.split_front(size);
    } else {
      from.front_ = slice->next;
      if (from.front_ == nullptr) from.back_ = nullptr, from.tail_ = nullptr, from.borrows_ = false;
      from.length_ -= slice->size;
    }
    slice->next = nullptr;
    (back_ == nullptr ? front_ : back_->next) = slice;
    back_ = slice;
    length_ += slice->size;
    size -= slice->size;
  }
}

void weir_body::release(Slice* slice) {
  weir::unref(slice->keeper);
  pool_->give_slice(slice);
}

void weir_body::drop(uint64_t size) {
  size = std::min(size, length_);
  while (front_ != nullptr && size >= front_->size) {
    Slice* const slice = front_;
    size -= slice->size;
    length_ -= slice->size;
    front_ = slice->next;
    release(slice);
    if (front_ == nullptr) back_ = nullptr, tail_ = nullptr, borrows_ = false;
  }
  if (size == 0) return;
  if (front_->data != nullptr) front_->data += size;
  front_->at += size;
  front_->size -= size;
  length_ -= size;
}

void weir_body::settle() {
  if (!borrows_) return;
  weir_body owned(*pool_);
  for (Slice* slice = front_; slice != nullptr;) {
    Slice* const next = slice->next;
    if (slice->keeper == nullptr) {
      owned.put({slice->data, static_cast<size_t>(slice->size)});
      pool_->give_slice(slice);
    } else {
      slice->next = nullptr;
      (owned.back_ == nullptr ? owned.front_ : owned.back_->next) = slice;
      owned.back_ = slice;
      owned.tail_ = nullptr;
      owned.length_ += slice->size;
    }
    slice = next;
  }
  front_ = std::exchange(owned.front_, nullptr);
  back_ = std::exchange(owned.back_, nullptr);
  tail_ = std::exchange(owned.tail_, nullptr);
  length_ = std::exchange(owned.length_, 0);
  borrows_ = false;
}

void weir_body::clear() {
  while (front_ != nullptr) {
    Slice* const slice = front_;
    front_ = slice->next;
    release(slice);
  }
  back_ = nullptr;
  tail_ = nullptr;
  length_ = 0;
  finished_ = false;
  borrows_ = false;
}

uint64_t weir_body::in_memory() const {
  uint64_t bytes = 0;
  for (const Slice* slice = front_; slice != nullptr; slice = slice->next) {
    if (slice->kind == Slice::Kind::memory) bytes += slice->size;
  }
  return bytes;
}

size_t weir_body::spans(std::span<weir_str> out) const {
  size_t count = 0;
  for (const Slice* slice = front_; slice != nullptr && count < out.size(); slice = slice->next) {
    if (slice->data == nullptr) break;
    if (slice->size != 0) out[count++] = {slice->data, static_cast<size_t>(slice->size)};
  }
  return count;
}

size_t weir_body::gather(std::span<iovec> out) const {
  size_t count = 0;
  for (const Slice* slice = front_; slice != nullptr && count < out.size(); slice = slice->next) {
    if (slice->data == nullptr) break;
    if (slice->size == 0) continue;
    out[count++] = {const_cast<char*>(slice->data), static_cast<size_t>(slice->size)};
  }
  return count;
}

std::string_view weir_body::only_piece() const {
  if (front_ == nullptr || front_ != back_ || front_->data == nullptr) return {};
  return {front_->data, static_cast<size_t>(front_->size)};
}

weir_body::FileRange weir_body::front_file() const {
  if (front_ == nullptr || front_->kind != Slice::Kind::file) return {-1, 0, 0};
  return {static_cast<const weir::OpenFile*>(front_->keeper)->descriptor, front_->at, front_->size};
}

weir_body::PipedBytes weir_body::front_piped() const {
  if (front_ == nullptr || front_->kind != Slice::Kind::pipe) return {nullptr, 0};
  return {static_cast<weir::Pipe*>(front_->keeper), front_->size};
}
