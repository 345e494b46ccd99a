// SPDX-License-Identifier: Apache-2.0
#include "event/timers.hpp"

#include "base/clock.hpp"
#include "base/contract.hpp"
#include "base/list.hpp"

#include <algorithm>
#include <cstdint>

namespace weir {

// The first tick that does not lie before `moment`.
uint64_t Timers::tick_of(Clock::time_point moment) const {
  if (moment <= start_) return 0;
  const auto passed = static_cast<uint64_t>((moment - start_).count());
  const auto length = static_cast<uint64_t>(slot.count());
  return passed / length + (passed % length == 0 ? 0 : 1);
}

void Timers::arm(Timer& timer, Clock::time_point deadline) {
  timer.tick_ = std::max(tick_of(deadline), now_ + 1);
  const auto position = timer.tick_ % slots;
  earliest_[position] = held_[position] ? std::min(earliest_[position], timer.tick_) : timer.tick_;
  held_.set(position);
  wheel_[position].append(timer);
  next_ = std::min(next_, timer.tick_);
}

void Timers::advance(Clock::time_point now) {
  expects(now >= start_, "time does not go back");
  const auto tick = static_cast<uint64_t>((now - start_) / slot);
  expects(tick >= now_, "time does not go back");
  now_ = tick;
  if (tick < next_) return;
  List<Timer> due;
  const auto last = std::min(tick, next_ + slots - 1);
  for (auto at = next_; at <= last; ++at) collect(at % slots, due);
  find_next();
  while (Timer* const timer = due.take_first()) timer->expired();
}

// Moves what is due from a slot; the others wait for a later turn of the wheel.
void Timers::collect(uint64_t position, List<Timer>& due) {
  if (!held_[position]) return;
  auto& timers = wheel_[position];
  auto earliest = never;
  for (Timer* timer = timers.first(); timer != nullptr;) {
    Timer* const after = timers.after(*timer);
    if (timer->tick_ <= now_) {
      due.append(*timer);
    } else {
      earliest = std::min(earliest, timer->tick_);
    }
    timer = after;
  }
  earliest_[position] = earliest;
  held_.set(position, earliest != never);
}

void Timers::find_next() {
  next_ = never;
  for (uint64_t at = now_ + 1; at <= now_ + slots; ++at) {
    const auto position = at % slots;
    if (!held_[position]) continue;
    if (wheel_[position].empty()) {
      held_.reset(position);
      continue;
    }
    next_ = std::min(next_, earliest_[position]);
    if (next_ <= at) return;  // the slots that follow hold later ticks
  }
}

Clock::time_point Timers::next() const {
  if (next_ == never) return Clock::time_point::max();
  return start_ + slot * static_cast<Clock::rep>(next_);
}

}  // namespace weir
