// SPDX-License-Identifier: Apache-2.0
//
// Kernel pipes, through which bytes go from one socket to another without a copy (splice(2)).
//
// A pipe is a keeper of slices like any other: the queues that hold its slices hold it. Its bytes
// leave in the order they came in, so all its slices go to one queue. One that is given back with
// bytes left in it is closed, since they would come out in front of another message's.
//
// Thread: one loop.
#pragma once

#include "base/keeper.hpp"

#include <cstdint>

namespace weir {

class PipePool;

struct Pipe : Keeper {
  PipePool* home = nullptr;
  Pipe* next = nullptr;
  int in = -1;   // where bytes are put
  int out = -1;  // and come out
  uint64_t held = 0;
};

class PipePool {
 public:
  PipePool() = default;
  ~PipePool();
  PipePool(const PipePool&) = delete;
  PipePool& operator=(const PipePool&) = delete;

  // Empty, with one reference; nullptr: descriptors are wanted for connections, or the system
  // grants this user no pipe worth having (pipe(7), pipe-user-pages-soft).
  Pipe* take();

 private:
  static constexpr int size = 256 * 1024;
  static constexpr int least_size = 64 * 1024;
  static constexpr uint32_t spare = 16;

  static void give(Keeper* keeper) noexcept;
  Pipe* open();
  static void close(Pipe* pipe);

  Pipe* idle_ = nullptr;
  uint32_t count_ = 0;
  int end_ = 0;  // of the descriptors that may be a pipe's; 0: not known yet
};

}  // namespace weir
