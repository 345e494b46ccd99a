// SPDX-License-Identifier: Apache-2.0
#include "tally.hpp"

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>

namespace bench {

void Tally::begin_window(const Clocks& clocks) {
  *this = Tally();
  open_ = true;
  begin_ = Clock::now();
  cpu_ = clocks.now();
}

void Tally::end_window(const Clocks& clocks) {
  open_ = false;
  end_ = Clock::now();
  cpu_ = clocks.now() - cpu_;
}

void Tally::completed(Clock::time_point start) {
  if (!open_) return;
  const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start);
  latency_.add(static_cast<uint64_t>(took.count()));
  ++requests_;
}

void Tally::received(size_t bytes) {
  if (open_) bytes_ += bytes;
}

void Tally::failed(Failure kind, const std::string& what) {
  uint64_t& count = kind == Failure::connect ? connect_errors_
                    : kind == Failure::read  ? read_errors_
                                             : status_errors_;
  ++count;
  if (!first_error_.empty()) return;
  first_error_ = what;
  std::replace(first_error_.begin(), first_error_.end(), '"', '\'');
}

void Tally::print(size_t backlog) const {
  const double seconds = std::chrono::duration<double>(end_ - begin_).count();
  std::printf("{\"requests\": %" PRIu64 ", \"seconds\": %.6f, \"bytes\": %" PRIu64, requests_,
              seconds, bytes_);
  std::printf(", \"errors\": %" PRIu64 ", \"connect_errors\": %" PRIu64
              ", \"read_errors\": %" PRIu64 ", \"status_errors\": %" PRIu64,
              errors(), connect_errors_, read_errors_, status_errors_);
  std::printf(", \"lost_before_response\": %" PRIu64 ", \"resumed\": %" PRIu64 ", \"backlog\": %zu",
              lost_before_response_, resumed_, backlog);
  std::printf(", \"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f",
              latency_.microseconds_at(0.5), latency_.microseconds_at(0.99),
              latency_.microseconds_at(0.999), latency_.longest_microseconds());
  std::printf(", \"proxy_ns\": %" PRIu64 ", \"load_ns\": %" PRIu64 ", \"machine_ns\": %" PRIu64,
              cpu_.proxy, cpu_.load, cpu_.machine);
  std::printf(", \"first_error\": \"%s\"}\n", first_error_.c_str());
  std::fflush(stdout);
}

}  // namespace bench
