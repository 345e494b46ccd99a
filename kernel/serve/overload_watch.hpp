// SPDX-License-Identifier: Apache-2.0
//
// Looks every 100 ms at what the process uses, and tells its loops what to do about it.
//
// After each look the loops may take half of what is left until the next. Memory that is free but
// not given back to the system looks like memory in use, so it is given back once a second while
// memory is short, and before each look while exchanges are being cut.
//
// Thread: control.
#pragma once

#include "event/loop.hpp"
#include "event/tasks.hpp"
#include "serve/overload.hpp"
#include "serve/worker.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace weir {

// What became of overloads so far; the loops' own counters are with the workers.
struct OverloadView {
  Step step = Step::normal;
  Pressure pressure;
  std::array<uint64_t, steps> entered{};
  uint64_t late = 0;        // loops that are, now
  uint64_t times_late = 0;  // that some loop became it
};

class OverloadWatch final : private Timer {
 public:
  static constexpr Clock::duration period = std::chrono::milliseconds(100);

  OverloadWatch(Loop& loop, const Tasks& tasks, size_t task_limit)
      : loop_(loop), tasks_(tasks), task_limit_(task_limit) {}

  // Expects: the workers outlive this, or stop comes before their end.
  void start(std::span<const std::unique_ptr<Worker>> workers);
  void stop() { Timer::cancel(); }
  // `memory` as configured, in bytes; 0: 70 % of what the process may have.
  void set_budget(uint64_t memory, size_t processes);

  OverloadView view() const;

 private:
  void expired() noexcept override;
  Pressure measure();
  void give_back();
  void tell(Step before);
  static void tell_lag(size_t worker, bool late, Clock::duration sample);
  bool had_the_cpu(size_t worker);
  void share_out() const;
  void free_memory() const;

  Loop& loop_;
  const Tasks& tasks_;
  const size_t task_limit_;
  std::span<const std::unique_ptr<Worker>> workers_;
  std::vector<Lag> lags_;  // of each worker
  Overload overload_;
  Pressure pressure_;
  uint64_t budget_ = 0;
  Clock::time_point gave_back_;
  Clock::time_point looked_;
  std::vector<Clock::duration> used_;  // processor time of each worker, at the last look
  uint64_t looks_ = 0;
};

}  // namespace weir
