// SPDX-License-Identifier: Apache-2.0
#include "choice.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace least_request {

uint64_t Draws::below(uint64_t bound) {
  state_ += 0x9e3779b97f4a7c15;
  uint64_t bits = state_;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  return (bits ^ (bits >> 31)) % bound;
}

Choice::Choice(std::vector<uint32_t> weights, uint32_t drawn)
    : weights_(std::move(weights)), drawn_(drawn < weights_.size() ? drawn : 0) {
  if (std::ranges::adjacent_find(weights_, std::not_equal_to<>{}) == weights_.end()) {
    return;
  }
  ends_.resize(weights_.size());
  std::partial_sum(weights_.begin(), weights_.end(), ends_.begin(),
                   [](uint64_t sum, uint64_t weight) { return sum + weight; });
}

uint32_t Choice::by_weight(Draws& draws) const {
  if (ends_.empty()) return static_cast<uint32_t>(draws.below(weights_.size()));
  const uint64_t ticket = draws.below(ends_.back());
  const auto end = std::ranges::partition_point(ends_, [=](uint64_t sum) { return sum <= ticket; });
  return static_cast<uint32_t>(end - ends_.begin());
}

bool Choice::contains(std::span<const uint32_t> seen, uint32_t candidate) {
  return std::ranges::find(seen, candidate) != seen.end();
}

}  // namespace least_request
