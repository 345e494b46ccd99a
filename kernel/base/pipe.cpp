// SPDX-License-Identifier: Apache-2.0
#include "base/pipe.hpp"

#include "base/keeper.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace weir {
namespace {

// Descriptors are given out from the lowest on, so a number tells how many are used. The
// connections that a process admits need nine tenths of them.
int end_of_share() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  constexpr rlim_t most = std::numeric_limits<int>::max();
  return static_cast<int>(std::min(limit.rlim_cur / 8, most));
}

}  // namespace

PipePool::~PipePool() {
  while (idle_ != nullptr) close(std::exchange(idle_, idle_->next));
}

Pipe* PipePool::take() {
  Pipe* pipe = idle_;
  if (pipe != nullptr) {
    idle_ = pipe->next;
    --count_;
    pipe->references = 1;
    return pipe;
  }
  pipe = open();
  if (pipe != nullptr) pipe->home = this;
  return pipe;
}

Pipe* PipePool::open() {
  std::array<int, 2> ends{};
  if (end_ == 0) end_ = end_of_share();
  if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) < 0) return nullptr;
  if (std::max(ends[0], ends[1]) >= end_ ||
      (::fcntl(ends[1], F_SETPIPE_SZ, size) < 0 && ::fcntl(ends[1], F_GETPIPE_SZ) < least_size)) {
    ::close(ends[0]);
    ::close(ends[1]);
    return nullptr;
  }
  auto* const pipe = new Pipe;
  pipe->release = give;
  pipe->out = ends[0];
  pipe->in = ends[1];
  return pipe;
}

void PipePool::close(Pipe* pipe) {
  ::close(pipe->in);
  ::close(pipe->out);
  delete pipe;
}

void PipePool::give(Keeper* keeper) noexcept {
  auto* const pipe = static_cast<Pipe*>(keeper);
  PipePool& home = *pipe->home;
  if (pipe->held > 0 || home.count_ >= spare) return close(pipe);
  pipe->next = home.idle_;
  home.idle_ = pipe;
  ++home.count_;
}

}  // namespace weir
