// SPDX-License-Identifier: Apache-2.0
//
// Signals as events of the control loop, so that their handlers are ordinary code.
//
// The given signals are blocked in this thread and in all it creates afterwards; SIGPIPE is ignored
// in the whole process, because a peer that went away is an error of that one send. Destroying it
// gives the thread its former mask back.
//
// Thread: the control loop's; create it before any other thread.
#pragma once

#include "event/loop.hpp"

#include <functional>
#include <initializer_list>

#include <signal.h>

namespace weir {

class Signals final : public Watcher {
 public:
  // `caught` gets the number of each signal. Throws std::system_error.
  Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> caught);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  void ready(uint32_t events) noexcept override;

  Loop& loop_;
  std::function<void(int)> caught_;
  sigset_t former_{};
  int descriptor_ = -1;
};

}  // namespace weir
