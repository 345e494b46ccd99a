// SPDX-License-Identifier: Apache-2.0
//
// How far the process is from what it may use, and what is to be done about it.
//
// Plain state machines: figures go in every 100 ms, a step comes out. Each figure has a step of its
// own, and the highest counts. A step begins at its share of the limit and ends 5 % below, so that
// a process at the edge does not go back and forth.
//
//   share  step        memory  descriptors  waiting tasks
//    70 %  caches        x         x             x
//    80 %  keep_alive    x         x             x
//    88 %  shed          x                       x
//    93 %  pause         x
//    97 %  reset         x
//
// To cut exchanges frees memory and is done for that alone; a full queue of tasks is no reason to
// keep clients out, only to give them nothing to do. Descriptors are short for who is not there
// yet: acceptors stop at 95 % of them, and who has a connection is served.
//
// Thread: any one.
#pragma once

#include "base/clock.hpp"
#include "chain/relief.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

inline constexpr size_t steps = 6;
std::string_view step_name(Step step);

// Of the process, now. A limit of 0: there is none.
struct Pressure {
  uint64_t accounted = 0;  // bytes that loops hold for exchanges
  uint64_t resident = 0;   // bytes, of the whole process
  uint64_t budget = 0;     // for each of the two
  uint64_t descriptors = 0, descriptor_limit = 0;
  uint64_t tasks = 0, task_limit = 0;

  double memory_share() const;
  // For the log: "memory 71 % (...), descriptors 3 %, tasks 0 %".
  std::string text() const;
};

class Overload {
 public:
  static constexpr double hysteresis = 0.05;
  // The share of its limit at which a step begins.
  static double begin_of(Step step);

  Step update(const Pressure& pressure);
  Step step() const { return step_; }
  // How often each step was reached from below, those passed over on the way included.
  const std::array<uint64_t, steps>& entered() const { return entered_; }

 private:
  std::array<Step, 3> of_figure_{};
  Step step_ = Step::normal;
  std::array<uint64_t, steps> entered_{};
};

// Whether a loop is late: over 50 ms in each sample of a second. It is not any more when it has
// been 5 % below that for as long.
class Lag {
 public:
  static constexpr Clock::duration longest = std::chrono::milliseconds(50);
  static constexpr int samples = 10;  // of 100 ms

  bool update(Clock::duration sample);
  bool late() const { return late_; }
  uint64_t times() const { return times_; }  // it became late

 private:
  bool late_ = false;
  int differ_ = 0;  // samples in a row that say otherwise
  uint64_t times_ = 0;
};

}  // namespace weir
