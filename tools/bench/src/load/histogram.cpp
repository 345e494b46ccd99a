// SPDX-License-Identifier: Apache-2.0
#include "histogram.hpp"

#include <algorithm>
#include <bit>

namespace bench {

// A value below 64 is its own slot; a larger one is shifted right until 6 bits are left, the
// highest of them set, and the number of shifts says which group of 64 slots it falls into.
void Histogram::add(uint64_t nanoseconds) {
  const auto width = static_cast<unsigned>(std::bit_width(nanoseconds));
  const unsigned shift = width > 6 ? width - 6 : 0;
  const uint64_t slot = shift * 64 + (nanoseconds >> shift);
  ++slots_[std::min<size_t>(slot, slots_.size() - 1)];
  ++total_;
  longest_ = std::max(longest_, nanoseconds);
}

double Histogram::microseconds_at(double part) const {
  const auto wanted = static_cast<uint64_t>(part * static_cast<double>(total_));
  uint64_t seen = 0;
  for (size_t slot = 0; slot < slots_.size(); ++slot) {
    seen += slots_[slot];
    if (seen > wanted) return static_cast<double>((slot % 64) << (slot / 64)) / 1e3;
  }
  return longest_microseconds();
}

}  // namespace bench
