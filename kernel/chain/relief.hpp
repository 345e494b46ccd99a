// SPDX-License-Identifier: Apache-2.0
//
// What a loop does so that the process gets through an overload, as the control thread has told it.
//
// Thread: the loop's; turned_away: any.
#pragma once

#include <atomic>
#include <cstdint>

namespace weir {

// Each does what those before it do, too.
enum class Step : uint8_t {
  normal,
  caches,      // nothing new is cached, and caches shrink
  keep_alive,  // idle connections are kept for less
  shed,        // new requests get 503
  pause,       // no connection is accepted
  reset        // the largest exchanges are cut
};

class Relief {
 public:
  static constexpr uint32_t admitted = 10;  // one in so many, while the loop lags

  void set(Step step, bool lags) {
    step_ = step;
    lags_ = lags;
  }
  // For whoever keeps memory that it could do without.
  Step step() const { return step_; }
  // Some new requests, or all, are not served.
  bool turns_some_away() const { return lags_ || step_ >= Step::shed; }
  // Whether this new request is one of them; then it is counted.
  bool turns_away() {
    if (step_ < Step::shed && seen_++ % admitted == 0) return false;
    turned_away_.store(turned_away() + 1, std::memory_order_relaxed);
    return true;
  }
  uint64_t turned_away() const { return turned_away_.load(std::memory_order_relaxed); }

 private:
  Step step_ = Step::normal;
  bool lags_ = false;
  uint32_t seen_ = 0;
  std::atomic<uint64_t> turned_away_ = 0;
};

}  // namespace weir
