// SPDX-License-Identifier: Apache-2.0
//
// The Range field (RFC 9110, 14.2), with a bound on what one request can ask for: at most 8 ranges,
// ascending, none over another, so the answer is never larger than the file and a few lines. All
// else is answered with the whole file, which the standard allows for any range.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

struct ByteRange {
  uint64_t first, last;  // inclusive
  uint64_t size() const { return last - first + 1; }
};

struct ByteRanges {
  static constexpr size_t most = 8;
  enum class Kind : uint8_t { whole, partial, unsatisfiable };

  Kind kind = Kind::whole;
  std::array<ByteRange, most> ranges{};
  size_t count = 0;
};

class ByteRangeReader {
 public:
  ByteRangeReader(std::string_view value, uint64_t size) : rest_(value), size_(size) {}

  ByteRanges read() {
    if (!take_unit()) return {};
    for (size_t asked = 0;;) {
      skip_separators();
      if (rest_.empty()) return finished(asked);
      if (++asked > ByteRanges::most || !take_range()) return {};
    }
  }

 private:
  bool take_unit() {
    constexpr std::string_view unit = "bytes=";
    if (rest_.size() < unit.size()) return false;
    for (size_t i = 0; i + 1 < unit.size(); ++i) {
      if ((rest_[i] | 0x20) != unit[i]) return false;
    }
    if (rest_[unit.size() - 1] != '=') return false;
    rest_.remove_prefix(unit.size());
    return true;
  }

  void skip_separators() {
    while (!rest_.empty() &&
           (rest_.front() == ',' || rest_.front() == ' ' || rest_.front() == '\t')) {
      rest_.remove_prefix(1);
    }
  }

  // A number too large for its type is as large as any can be.
  std::optional<uint64_t> take_number() {
    constexpr uint64_t largest = std::numeric_limits<uint64_t>::max();
    uint64_t value = 0;
    size_t digits = 0;
    for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits) {
      const auto digit = static_cast<uint64_t>(rest_[digits] - '0');
      value = value > (largest - digit) / 10 ? largest : value * 10 + digit;
    }
    if (digits == 0) return {};
    rest_.remove_prefix(digits);
    return value;
  }

  bool at_end_of_range() const {
    return rest_.empty() || rest_.front() == ',' || rest_.front() == ' ' || rest_.front() == '\t';
  }

  // False: the grammar is broken, or the order is.
  bool take_range() {
    const auto first = take_number();
    if (!rest_.starts_with('-')) return false;
    rest_.remove_prefix(1);
    const auto last = take_number();
    if (!at_end_of_range() || (!first && !last)) return false;
    if (!first) return *last == 0 || size_ == 0 || add(size_ - std::min(*last, size_), size_ - 1);
    if (last && *last < *first) return false;
    if (*first >= size_) return true;  // it asks for nothing that is there
    return add(*first, std::min(last.value_or(size_ - 1), size_ - 1));
  }

  bool add(uint64_t first, uint64_t last) {
    if (out_.count > 0 && first <= out_.ranges[out_.count - 1].last) return false;
    out_.ranges[out_.count++] = {first, last};
    return true;
  }

  ByteRanges finished(size_t asked) {
    if (asked == 0) return {};
    out_.kind = out_.count > 0 ? ByteRanges::Kind::partial : ByteRanges::Kind::unsatisfiable;
    return out_;
  }

  std::string_view rest_;
  uint64_t size_;
  ByteRanges out_;
};

inline ByteRanges read_ranges(std::string_view value, uint64_t size) {
  return ByteRangeReader{value, size}.read();
}
