// SPDX-License-Identifier: Apache-2.0
//
// A thread of which a crash can be told: it has a name, a stack of its own for the crash handler,
// and the signals of faults reach it.
//
// Thread: made and destroyed on the one it stands for; what it says may be read by any while it
// lives.
#pragma once

#include "crash/mark.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>

#include <sys/types.h>

namespace weir {

class ReportedThread {
 public:
  // `kind` is a constant of the executable; "loop", 2 is called "loop 2", none "control".
  static constexpr unsigned no_index = ~0U;
  explicit ReportedThread(const char* kind, unsigned index = no_index);
  ~ReportedThread();
  ReportedThread(const ReportedThread&) = delete;
  ReportedThread& operator=(const ReportedThread&) = delete;

  const char* name() const { return name_.data(); }
  pid_t id() const { return id_; }
  const Mark& mark() const { return mark_; }

  // Why the next signal comes, in words that last; nullptr: for no reason that weir knows. [any]
  std::atomic<const char*> reason = nullptr;

  // Of the calling thread; nullptr: it is none of these. Async-signal-safe.
  static ReportedThread* current();

 private:
  std::array<char, 24> name_{};
  pid_t id_;
  const Mark& mark_;
  std::unique_ptr<std::byte[]> stack_;
};

}  // namespace weir
