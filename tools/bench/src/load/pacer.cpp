// SPDX-License-Identifier: Apache-2.0
#include "pacer.hpp"

namespace bench {

Pacer::Pacer(double rate, Clock::time_point start)
    : interval_(rate > 0 ? 1 / rate : 0), start_(start) {}

void Pacer::advance(Clock::time_point now) {
  if (!paces()) return;
  for (Clock::time_point at = next(); at <= now; at = next()) {
    due_.push_back(at);
    noted_ += 1;
  }
}

std::optional<Clock::time_point> Pacer::take() {
  if (due_.empty()) return std::nullopt;
  const auto first = due_.front();
  due_.pop_front();
  return first;
}

Clock::time_point Pacer::next() const {
  return start_ + std::chrono::duration_cast<Clock::duration>(interval_ * (noted_ + 1));
}

}  // namespace bench
