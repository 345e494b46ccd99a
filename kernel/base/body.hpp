// SPDX-License-Identifier: Apache-2.0
//
// Message bytes on their way: a queue of slices that are passed on, never copied on the way.
//
// A slice lies in a pooled chunk, in memory that a module lent, in a range of a file, in a pipe, or
// is borrowed from the loop's receive buffer. Borrowed bytes are valid until that buffer is used
// again, so a queue that may still hold some is settled at the end of each read: what was sent
// meanwhile cost no copy, what was not is copied once.
//
// Thread: a queue and its pool belong to one loop.
#pragma once

#include <weir/module.h>

#include "base/held_bytes.hpp"
#include "base/keeper.hpp"
#include "base/pipe.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <sys/uio.h>

namespace weir {

struct Slice {
  enum class Kind : uint8_t { memory, file, pipe };
  Slice* next;
  const char* data;  // nullptr unless in memory
  uint64_t size;
  Keeper* keeper;  // nullptr: borrowed
  uint64_t at;     // of a file: the offset of its first byte
  Kind kind;
};

class BodyPool;

// A block of the pool: filled from the front by one queue, read by many slices. Its bytes follow
// it.
struct Chunk : Keeper {
  BodyPool* home = nullptr;
  Chunk* next = nullptr;
  uint32_t capacity = 0;
  uint32_t used = 0;
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
};

// The slices and chunks of one loop. Chunks beyond `spare` go back to the heap.
class BodyPool {
 public:
  static constexpr uint32_t chunk_size = 16384 - sizeof(Chunk);

  BodyPool() = default;
  ~BodyPool();
  BodyPool(const BodyPool&) = delete;
  BodyPool& operator=(const BodyPool&) = delete;

  Slice* take_slice();
  void give_slice(Slice* slice);
  // At least `size` bytes of room.
  Chunk* take_chunk(uint32_t size);
  static void give_chunk(Keeper* keeper) noexcept;

  uint64_t chunks_in_use() const { return in_use_; }
  PipePool& pipes() { return pipes_; }
  // To read a file's bytes into where they cannot go on without; until it is asked for again.
  std::span<char> file_room();
  // Of the whole loop; others than this pool add what they take.
  HeldBytes& held() { return held_; }
  const HeldBytes& held() const { return held_; }

 private:
  // Slices are never given back. Many lie together, since one between two chunks would keep the
  // memory of these in pieces when they are.
  struct SliceBlock {
    SliceBlock* next;
    std::array<Slice, 84> slices;
  };
  void add_slices();

  static constexpr uint32_t spare = 64;
  SliceBlock* blocks_ = nullptr;
  Slice* slices_ = nullptr;
  Chunk* chunks_ = nullptr;
  uint32_t idle_ = 0;
  uint64_t in_use_ = 0;
  HeldBytes held_;
  PipePool pipes_;
  std::unique_ptr<char[]> file_room_;
};

}  // namespace weir

// The queue. Its name is the ABI's, since modules hold pointers to it.
struct weir_body {
 public:
  static constexpr uint64_t default_limit = 64 * 1024;

  explicit weir_body(weir::BodyPool& pool, uint64_t limit = default_limit)
      : pool_(&pool), limit_(limit) {}
  ~weir_body() { clear(); }
  weir_body(const weir_body&) = delete;
  weir_body& operator=(const weir_body&) = delete;

  uint64_t length() const { return length_; }
  // Bytes of it that lie in memory of this process, not in a file or a pipe. Walks the queue.
  uint64_t in_memory() const;
  bool empty() const { return length_ == 0; }
  bool finished() const { return finished_; }
  // Nothing is queued and nothing will come.
  bool over() const { return finished_ && length_ == 0; }
  void finish() { finished_ = true; }
  size_t room() const { return length_ < limit_ ? static_cast<size_t>(limit_ - length_) : 0; }
  void set_limit(uint64_t limit) { limit_ = limit; }

  // Room for `size` contiguous bytes at the end, to be filled and then counted by commit.
  std::span<char> reserve(uint32_t size);
  void commit(uint32_t size);

  void put(std::string_view bytes);           // copies
  void put_borrowed(std::string_view bytes);  // until settle
  void put_owned(std::string_view bytes, weir_fn done, void* arg);
  bool put_file(int descriptor, uint64_t at, uint64_t size);  // false: no descriptor is left
  void put_piped(weir::Pipe& pipe, uint64_t size);            // bytes that it holds

  // The front of `from` to the end: relinked, or copied where it is little and there is room behind
  // the last bytes, since one piece is cheaper to send than two.
  void move(weir_body& from, uint64_t size);
  void drop(uint64_t size);
  void settle();  // copies what is borrowed
  void clear();   // empty and not finished

  // Views of the leading bytes in memory, up to the first that lie elsewhere.
  size_t spans(std::span<weir_str> out) const;
  size_t gather(std::span<iovec> out) const;
  // All that is queued, when it lies in one piece of memory; else empty.
  std::string_view only_piece() const;

  struct FileRange {
    int descriptor;
    uint64_t at, size;
  };
  // Size 0: the front is not a file.
  FileRange front_file() const;
  struct PipedBytes {
    weir::Pipe* pipe;
    uint64_t size;
  };
  // Size 0: the front does not lie in a pipe.
  PipedBytes front_piped() const;

 private:
  void append(const weir::Slice& slice);
  bool coalesce(weir_body& from, uint64_t size);
  weir::Slice* split_front(uint64_t size);
  void release(weir::Slice* slice);

  weir::BodyPool* pool_;
  weir::Slice* front_ = nullptr;
  weir::Slice* back_ = nullptr;
  weir::Chunk* tail_ = nullptr;  // the chunk that `back_` ends, when it may still grow
  uint64_t length_ = 0;
  uint64_t limit_;
  bool finished_ = false;
  bool borrows_ = false;
};

namespace weir {
using Body = ::weir_body;
}
