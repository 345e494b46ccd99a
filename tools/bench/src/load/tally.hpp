// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "clocks.hpp"
#include "histogram.hpp"
#include "pacer.hpp"

#include <cstdint>
#include <string>

namespace bench {

// What happened in the window, and its report. Nothing but errors counts outside of it.
class Tally {
 public:
  enum class Failure : uint8_t { connect, read, status };

  void begin_window(const Clocks& clocks);
  void end_window(const Clocks& clocks);

  void completed(Clock::time_point start);
  void received(size_t bytes);
  void failed(Failure kind, const std::string& what);

  // A reused connection was closed before any byte of the response: RFC 9110, 9.3.1 lets a client
  // try again, so this is no error.
  void lost_before_response() { ++lost_before_response_; }
  void resumed() { ++resumed_; }

  uint64_t errors() const { return connect_errors_ + read_errors_ + status_errors_; }
  const std::string& first_error() const { return first_error_; }

  // One line of JSON. `backlog`: requests due and never sent.
  void print(size_t backlog) const;

 private:
  bool open_ = false;
  Clock::time_point begin_;
  Clock::time_point end_;
  CpuTime cpu_;
  Histogram latency_;
  uint64_t requests_ = 0;
  uint64_t bytes_ = 0;
  uint64_t connect_errors_ = 0;
  uint64_t read_errors_ = 0;
  uint64_t status_errors_ = 0;
  uint64_t lost_before_response_ = 0;
  uint64_t resumed_ = 0;
  std::string first_error_;
};

}  // namespace bench
