// SPDX-License-Identifier: Apache-2.0
//
// Whose turn it is: smooth weighted rotation.
//
// Each endpoint earns its weight in credit at every choice; the one with most credit is chosen and
// pays what all earned. So weights 5, 1, 1 give a a b a c a a, never five in a row, and over one
// period (sum of weights divided by their common divisor) each share is exact. Equal weights need
// no credit: there the turn just goes round, whatever the number of endpoints.
//
// A rotation begins at a random place, so that loops, processes and proxies that start together do
// not send their first requests to the same endpoint.
//
// Thread: immutable; what changes is the caller's state, of one loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace round_robin {

class Rotation {
 public:
  static constexpr int32_t none = -1;  // every endpoint is skipped

  // Expects: weights of 1 or more.
  explicit Rotation(std::vector<uint32_t> weights);

  // Of the state given to pick, which is zero at first.
  size_t state_size() const;

  // `view` has skips(index) and random().
  template <class View>
  int32_t pick(int64_t* state, const View& view) const {
    if (state[0] == 0) begin(state, view.random());
    return even_ ? next_even(state[0], view) : next_weighted(state + 1, view);
  }

 private:
  struct All {
    static bool skips(uint32_t) { return false; }
  };

  void begin(int64_t* state, uint64_t random) const;

  // `turn` is one more than the endpoint that is next.
  template <class View>
  int32_t next_even(int64_t& turn, const View& view) const {
    const auto count = static_cast<uint32_t>(weights_.size());
    auto at = static_cast<uint32_t>(turn - 1);
    for (uint32_t tried = 0; tried < count; ++tried) {
      const uint32_t candidate = at;
      at = at + 1 == count ? 0 : at + 1;
      if (view.skips(candidate)) continue;
      turn = at + 1;
      return static_cast<int32_t>(candidate);
    }
    return none;
  }

  // A skipped endpoint neither earns nor pays, so it does not come back to a pile of requests.
  template <class View>
  int32_t next_weighted(int64_t* credit, const View& view) const {
    int64_t earned = 0;
    int32_t best = none;
    for (uint32_t i = 0; i < weights_.size(); ++i) {
      if (view.skips(i)) continue;
      credit[i] += weights_[i];
      earned += weights_[i];
      if (best == none || credit[i] > credit[best]) best = static_cast<int32_t>(i);
    }
    if (best != none) credit[best] -= earned;
    return best;
  }

  std::vector<uint32_t> weights_;
  bool even_;
  uint64_t period_ = 1;  // choices until the credits are as they were
};

}  // namespace round_robin
