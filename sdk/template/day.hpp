// SPDX-License-Identifier: Apache-2.0
//
// The hours of a day in UTC. No header of weir, so that its test needs no proxy.
#pragma once

#include <chrono>
#include <cstdint>

// Whether the hour of `time`, counted from 1970, lies before `hour`.
inline bool before(int64_t hour, std::chrono::milliseconds time) {
  return std::chrono::floor<std::chrono::hours>(time).count() % 24 < hour;
}
