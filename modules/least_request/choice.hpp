// SPDX-License-Identifier: Apache-2.0
//
// Which endpoint has least to do: exchanges in flight, divided by weight.
//
// Either all endpoints are compared, or a few drawn at random in proportion to their weights, which
// costs the same however many there are. Among equals chance decides by weight: were it the first,
// a calm upstream would use one endpoint only.
//
// Thread: immutable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace least_request {

// SplitMix64: many draws out of the bits of one.
class Draws {
 public:
  explicit Draws(uint64_t seed) : state_(seed) {}
  uint64_t below(uint64_t bound);  // uniform but for 1 in 2^32 or so; Expects: bound < 2^63

 private:
  uint64_t state_;
};

class Choice {
 public:
  static constexpr int32_t none = -1;  // every endpoint is skipped
  static constexpr uint32_t most_drawn = 8;

  // `drawn` endpoints are compared, 0 or no less than there are: all. Expects: weights of 1 or
  // more, drawn <= most_drawn.
  Choice(std::vector<uint32_t> weights, uint32_t drawn);

  // `view` has skips(index), in_flight(index) and random().
  template <class View>
  int32_t pick(const View& view) const {
    if (drawn_ == 0) return least_of_all(view);
    const int32_t found = least_of_drawn(view);
    return found != none ? found : least_of_all(view);
  }

 private:
  // Whether `load` over weight of `i` is less than, or the same as, what `best` has.
  bool less(uint64_t load, uint32_t i, uint64_t best_load, uint32_t best) const {
    return load * weights_[best] < best_load * weights_[i];
  }

  template <class View>
  int32_t least_of_all(const View& view) const {
    int32_t best = none;
    uint64_t best_load = 0;
    uint64_t tied = 0;  // weight of all that are as good as the best
    for (uint32_t i = 0; i < weights_.size(); ++i) {
      if (view.skips(i)) continue;
      const uint64_t load = view.in_flight(i);
      if (best == none || less(load, i, best_load, static_cast<uint32_t>(best))) {
        best = static_cast<int32_t>(i);
        best_load = load;
        tied = weights_[i];
      } else if (!less(best_load, static_cast<uint32_t>(best), load, i)) {
        tied += weights_[i];
      }
    }
    if (best == none || tied == weights_[static_cast<uint32_t>(best)]) return best;
    return one_of_tied(view, static_cast<uint32_t>(best), best_load,
                       Draws{view.random()}.below(tied));
  }

  // Other loops count meanwhile, so the tie may be gone; then `best` is good enough.
  template <class View>
  int32_t one_of_tied(const View& view, uint32_t best, uint64_t best_load, uint64_t ticket) const {
    for (uint32_t i = best; i < weights_.size(); ++i) {
      const uint64_t load = view.in_flight(i);
      if (view.skips(i) || less(load, i, best_load, best) || less(best_load, best, load, i)) {
        continue;
      }
      if (ticket < weights_[i]) return static_cast<int32_t>(i);
      ticket -= weights_[i];
    }
    return static_cast<int32_t>(best);
  }

  // `none` when skipped endpoints were drawn too often to compare as many as wanted.
  template <class View>
  int32_t least_of_drawn(const View& view) const {
    Draws draws{view.random()};
    uint32_t seen[most_drawn] = {};
    uint32_t count = 0;
    for (uint32_t tries = 4 * drawn_; tries > 0 && count < drawn_; --tries) {
      const uint32_t candidate = by_weight(draws);
      if (view.skips(candidate) || contains({seen, count}, candidate)) continue;
      seen[count++] = candidate;
    }
    return count < drawn_ ? none : least_of({seen, count}, view);
  }

  template <class View>
  int32_t least_of(std::span<const uint32_t> candidates, const View& view) const {
    uint32_t best = candidates[0];
    uint64_t best_load = view.in_flight(best);
    for (const uint32_t i : candidates.subspan(1)) {
      const uint64_t load = view.in_flight(i);
      if (!less(load, i, best_load, best)) continue;
      best = i;
      best_load = load;
    }
    return static_cast<int32_t>(best);
  }

  uint32_t by_weight(Draws& draws) const;
  static bool contains(std::span<const uint32_t> seen, uint32_t candidate);

  std::vector<uint32_t> weights_;
  std::vector<uint64_t> ends_;  // sums of the weights up to and with each; empty: all are equal
  uint32_t drawn_;
};

}  // namespace least_request
