// SPDX-License-Identifier: Apache-2.0
//
// Which exchanges get a line.
//
// Thread: any, once built.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct StatusRange {
  uint64_t first, last;
};

// "5xx", "404" or "500-504".
inline std::optional<StatusRange> parse_status(std::string_view text) {
  const auto number = [](std::string_view digits) -> std::optional<uint64_t> {
    if (digits.empty() || digits.size() > 3) return {};
    uint64_t value = 0;
    for (const char c : digits) {
      if (c < '0' || c > '9') return {};
      value = value * 10 + static_cast<uint64_t>(c - '0');
    }
    return value;
  };
  if (text.size() == 3 && text.substr(1) == "xx" && text[0] >= '1' && text[0] <= '5') {
    const auto hundreds = static_cast<uint64_t>(text[0] - '0') * 100;
    return StatusRange{hundreds, hundreds + 99};
  }
  const size_t dash = text.find('-');
  const auto first = number(text.substr(0, dash));
  const auto last = dash == text.npos ? first : number(text.substr(dash + 1));
  if (!first || !last || *last < *first) return {};
  return StatusRange{*first, *last};
}

class Selection {
 public:
  void add_status(StatusRange range) { statuses_.push_back(range); }
  void set_slower_than(uint64_t nanoseconds) { slower_than_ = nanoseconds; }
  // "/healthz", or "/assets/*" for all below.
  void skip(std::string_view path) { skipped_.emplace_back(path); }

  // With both kinds of condition one of them is enough.
  bool takes(uint64_t status, uint64_t nanoseconds, std::string_view path) const {
    if (std::ranges::any_of(skipped_,
                            [&](const std::string& each) { return matches(each, path); })) {
      return false;
    }
    if (statuses_.empty() && !slower_than_) return true;
    if (slower_than_ && nanoseconds > *slower_than_) return true;
    return std::ranges::any_of(statuses_, [&](const StatusRange& range) {
      return status >= range.first && status <= range.last;
    });
  }

 private:
  static bool matches(std::string_view pattern, std::string_view path) {
    if (!pattern.ends_with("/*")) return path == pattern;
    return path.starts_with(pattern.substr(0, pattern.size() - 1));
  }

  std::vector<StatusRange> statuses_;
  std::optional<uint64_t> slower_than_;
  std::vector<std::string> skipped_;
};

// Takes the given share of what it is asked for.
class Sampler {
 public:
  explicit Sampler(uint64_t seed) : state_(seed) {}

  bool takes(double share) {
    if (share >= 1) return true;
    state_ += 0x9e3779b97f4a7c15;  // splitmix64
    uint64_t bits = state_;
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111eb;
    bits ^= bits >> 31;
    return static_cast<double>(bits >> 11) * 0x1.0p-53 < share;
  }

 private:
  uint64_t state_;
};
