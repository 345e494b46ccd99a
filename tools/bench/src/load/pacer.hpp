// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>
#include <optional>

namespace bench {

using Clock = std::chrono::steady_clock;

// When requests are due at a fixed rate, whether or not a connection is free to send them: a late
// request counts from the moment it should have been sent, so a stall of the proxy shows in full.
class Pacer {
 public:
  Pacer() = default;

  // `rate` in requests a second; 0: nothing is ever due.
  Pacer(double rate, Clock::time_point start);

  bool paces() const { return interval_.count() > 0; }

  // Notes what became due until `now`.
  void advance(Clock::time_point now);

  // The moment the longest waiting request should have been sent, which is then no longer waiting.
  std::optional<Clock::time_point> take();

  Clock::time_point next() const;
  size_t waiting() const { return due_.size(); }

 private:
  std::chrono::duration<double> interval_{0};
  Clock::time_point start_;
  double noted_ = 0;  // how many became due so far
  std::deque<Clock::time_point> due_;
};

}  // namespace bench
