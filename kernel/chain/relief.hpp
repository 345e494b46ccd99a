// SPDX-License-Identifier: Apache-2.0
//
// What a loop does so that the process gets through an overload, as the control thread has told it.
//
// Much can come in between two looks of that thread. So it says after each how much more the loop
// may hold until the next; beyond, nothing is read and new requests are turned away.
//
// Thread: the loop's; step, turned_away: any; set, allow, take_stopped: control.
#pragma once

#include "base/held_bytes.hpp"

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

  explicit Relief(const HeldBytes& held) : held_(held) {}

  void set(Step step, bool lags) {
    step_.store(step, std::memory_order_relaxed);
    lags_.store(lags, std::memory_order_relaxed);
  }
  // For whoever keeps memory that it could do without.
  Step step() const { return step_.load(std::memory_order_relaxed); }
  // No more is to be read for now.
  bool full() {
    if (held_.now() < allowed_.load(std::memory_order_relaxed)) return false;
    stopped_.store(true, std::memory_order_relaxed);
    return true;
  }
  // Some new requests, or all, are not served.
  bool turns_some_away() {
    return lags_.load(std::memory_order_relaxed) || step() >= Step::shed || full();
  }
  // Whether this new request is one of them; then it is counted.
  bool turns_away() {
    if (step() < Step::shed && !full() && seen_++ % admitted == 0) return false;
    turned_away_.store(turned_away() + 1, std::memory_order_relaxed);
    return true;
  }
  uint64_t turned_away() const { return turned_away_.load(std::memory_order_relaxed); }

  // So many bytes more than it holds now.
  void allow(uint64_t more) { allowed_.store(held_.now() + more, std::memory_order_relaxed); }
  // Whether something was not read since the last call.
  bool take_stopped() { return stopped_.exchange(false, std::memory_order_relaxed); }

 private:
  const HeldBytes& held_;
  std::atomic<Step> step_ = Step::normal;
  std::atomic<bool> lags_ = false;
  uint32_t seen_ = 0;
  std::atomic<uint64_t> turned_away_ = 0;
  std::atomic<uint64_t> allowed_ = UINT64_MAX;
  std::atomic<bool> stopped_ = false;
};

}  // namespace weir
