// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

// Counts durations in nanoseconds, exact to 1/32: 64 slots for each power of two.
class Histogram {
 public:
  void add(uint64_t nanoseconds);

  // The duration below which the share `part` (0 to 1) of all lies, in microseconds.
  double microseconds_at(double part) const;
  double longest_microseconds() const { return static_cast<double>(longest_) / 1e3; }

 private:
  std::vector<uint64_t> slots_ = std::vector<uint64_t>(64 * 64);
  uint64_t total_ = 0;
  uint64_t longest_ = 0;
};

}  // namespace bench
