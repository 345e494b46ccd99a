// SPDX-License-Identifier: Apache-2.0
//
// The deadlines of one loop, in a wheel of 512 slots of 8 ms.
//
// Nearly every timer is cancelled before it fires, so arming and cancelling are O(1) and allocate
// nothing: the Timer lives inside the object it guards. A timer never fires early and at most one
// slot late. A deadline beyond one turn of the wheel waits in its slot until its turn comes. A loop
// that asks `next` sleeps through slots in which nothing is due.
//
// Thread: everything here belongs to one loop.
#pragma once

#include "base/clock.hpp"
#include "base/list.hpp"

#include <array>
#include <bitset>
#include <cstdint>

namespace weir {

// A deadline embedded in its owner. Destroying it cancels it.
class Timer : public Link {
 public:
  Timer() = default;
  virtual ~Timer() = default;

  void cancel() { unlink(); }  // harmless when not armed
  bool armed() const { return linked(); }

 protected:
  virtual void expired() noexcept = 0;  // once per arming; may arm again or destroy this

 private:
  friend class Timers;
  uint64_t tick_ = 0;
};

class Timers {
 public:
  static constexpr Clock::duration slot = std::chrono::milliseconds(8);

  explicit Timers(Clock::time_point now) : start_(now) {}

  // Expects: `timer` outlives its arming. An armed timer moves to the new deadline.
  void arm(Timer& timer, Clock::time_point deadline);

  // Fires everything due at `now`, in slot order. Expects: `now` never goes back.
  void advance(Clock::time_point now);

  // No timer fires before this; time_point::max() when none is armed. A cancelled timer may leave
  // its moment behind once.
  Clock::time_point next() const;

 private:
  static constexpr uint64_t slots = 512;
  static constexpr uint64_t never = UINT64_MAX;

  uint64_t tick_of(Clock::time_point moment) const;
  void collect(uint64_t position, List<Timer>& due);
  void find_next();

  Clock::time_point start_;
  uint64_t now_ = 0;       // all earlier ticks, and this one, have fired
  uint64_t next_ = never;  // no timer has an earlier tick
  std::array<List<Timer>, slots> wheel_;
  std::array<uint64_t, slots> earliest_{};  // of a slot that holds timers, at the earliest
  std::bitset<slots> held_;                 // slots that may hold timers
};

}  // namespace weir
