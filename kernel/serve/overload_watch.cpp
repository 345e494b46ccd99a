// SPDX-License-Identifier: Apache-2.0
#include "serve/overload_watch.hpp"

#include <weir/module.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "chain/relief.hpp"
#include "event/loop.hpp"
#include "event/tasks.hpp"
#include "serve/overload.hpp"
#include "serve/own_use.hpp"
#include "serve/worker.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include <malloc.h>

namespace weir {
namespace {

constexpr Clock::duration between_trims = std::chrono::seconds(1);
constexpr uint64_t trickle = 64 * 1024;
constexpr uint64_t many_files = 4096;  // more are counted once a second
constexpr uint64_t looks_a_second = 10;

}  // namespace

void OverloadWatch::start(std::span<const std::unique_ptr<Worker>> workers) {
  workers_ = workers;
  lags_.resize(workers.size());
  used_.resize(workers.size());
  pressure_ = measure();
  loop_.arm(*this, period);
}

void OverloadWatch::set_budget(uint64_t memory, size_t processes) {
  budget_ = memory != 0 ? memory : memory_limit() / 10 * 7 / processes;
}

OverloadView OverloadWatch::view() const {
  OverloadView view{overload_.step(), pressure_, overload_.entered()};
  for (const Lag& lag : lags_) {
    view.late += lag.late() ? 1 : 0;
    view.times_late += lag.times();
  }
  return view;
}

void OverloadWatch::give_back() {
  const Step step = overload_.step();
  const bool cuts = step == Step::reset;
  const bool due = loop_.now() - gave_back_ >= between_trims;
  const bool is_short =
      pressure_.memory_share() >= Overload::begin_of(Step::caches) - Overload::hysteresis;
  if (!cuts && !(due && is_short)) return;
  ::malloc_trim(0);
  gave_back_ = loop_.now();
}

Pressure OverloadWatch::measure() {
  Pressure now;
  for (const auto& worker : workers_) now.accounted += worker->held();
  now.resident = resident_bytes();
  now.budget = budget_;
  const bool counts = pressure_.descriptors < many_files || looks_ % looks_a_second == 0;
  now.descriptors = counts ? open_files() : pressure_.descriptors;
  now.descriptor_limit = open_file_limit();
  now.tasks = tasks_.waiting();
  now.task_limit = task_limit_;
  return now;
}

void OverloadWatch::expired() noexcept {
  ++looks_;
  give_back();
  pressure_ = measure();
  const Step before = overload_.step();
  overload_.update(pressure_);
  share_out();
  tell(before);
  if (overload_.step() == Step::reset) free_memory();
  loop_.arm(*this, period);
}

void OverloadWatch::tell_lag(size_t worker, bool late, Clock::duration sample) {
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(sample).count();
  if (late) {
    WEIR_LOG(WEIR_WARN, "overload: worker ", worker, " is late, one new request in ",
             Relief::admitted, " is served: a turn took ", took, " ms");
  } else {
    WEIR_LOG(WEIR_NOTICE, "overload: worker ", worker, " is in time again: a turn takes ", took,
             " ms");
  }
}

// A loop that waits for a CPU is late by the work of other processes, for which no client of it
// should pay: only what it was busy with itself counts.
bool OverloadWatch::had_the_cpu(size_t worker) {
  const Clock::duration now = workers_[worker]->cpu_time();
  const Clock::duration used = now - std::exchange(used_[worker], now);
  return used * 2 >= loop_.now() - looked_;
}

// The loops hear of each change, and then it is a line with what caused it.
void OverloadWatch::tell(Step before) {
  const Step step = overload_.step();
  for (size_t i = 0; i < workers_.size(); ++i) {
    const Clock::duration lag = workers_[i]->take_lag();
    const Clock::duration sample = had_the_cpu(i) ? lag : Clock::duration::zero();
    const bool was_late = lags_[i].late();
    const bool late = lags_[i].update(sample);
    if (step != before || late != was_late) workers_[i]->relieve(step, late);
    if (late != was_late) tell_lag(i, late, sample);
  }
  looked_ = loop_.now();
  if (step == before) return;
  WEIR_LOG(step > before ? WEIR_WARN : WEIR_NOTICE, "overload: step ", step_name(step), " after ",
           step_name(before), ", ", pressure_.text());
}

// Half of what is left of the budget, for the time until the next look: the other half is for what
// loops do not count. A little always, so that what is served all the same gets on.
void OverloadWatch::share_out() const {
  const uint64_t used = std::max(pressure_.accounted, pressure_.resident);
  const uint64_t left = budget_ > used ? budget_ - used : 0;
  for (const auto& worker : workers_) worker->allow(std::max(left / 2 / workers_.size(), trickle));
}

// Down to where the step ends, from each loop as much as is its share.
void OverloadWatch::free_memory() const {
  const auto aim = static_cast<uint64_t>(static_cast<double>(budget_) *
                                         (Overload::begin_of(Step::reset) - Overload::hysteresis));
  const uint64_t used = std::max(pressure_.accounted, pressure_.resident);
  if (used <= aim || pressure_.accounted == 0) return;
  const auto excess = static_cast<double>(used - aim);
  for (const auto& worker : workers_) {
    const double part =
        static_cast<double>(worker->held()) / static_cast<double>(pressure_.accounted);
    worker->free_memory(static_cast<uint64_t>(excess * part));
  }
}

}  // namespace weir
