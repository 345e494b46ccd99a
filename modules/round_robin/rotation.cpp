// SPDX-License-Identifier: Apache-2.0
#include "rotation.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

namespace round_robin {
namespace {

// Finding the first place costs one pass over the endpoints per step, once per loop and table.
constexpr uint64_t most_first_passes = 64 * 1024;

}  // namespace

Rotation::Rotation(std::vector<uint32_t> weights) : weights_(std::move(weights)) {
  even_ = std::ranges::adjacent_find(weights_, std::not_equal_to<>{}) == weights_.end();
  uint64_t sum = 0;
  uint32_t divisor = 0;
  for (const uint32_t weight : weights_) {
    sum += weight;
    divisor = std::gcd(divisor, weight);
  }
  if (divisor != 0) period_ = sum / divisor;
}

size_t Rotation::state_size() const { return (even_ ? 1 : 1 + weights_.size()) * sizeof(int64_t); }

void Rotation::begin(int64_t* state, uint64_t random) const {
  if (weights_.empty()) return;
  if (even_) {
    state[0] = 1 + static_cast<int64_t>(random % weights_.size());
    return;
  }
  state[0] = 1;
  const uint64_t most = std::max<uint64_t>(1, most_first_passes / weights_.size());
  for (uint64_t steps = random % std::min(period_, most); steps > 0; --steps) {
    next_weighted(state + 1, All{});
  }
}

}  // namespace round_robin
