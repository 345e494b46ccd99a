// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <utility>

// A value that one thread replaces as a whole while others read: who has got it keeps it as it was.
// Its lock is held for a few instructions; at the pace of handshakes it is never waited for.
template <class T>
class Published {
 public:
  using Held = std::shared_ptr<const T>;
  explicit Published(Held first) : held_(std::move(first)) {}

  Held get() const {
    const std::lock_guard guard{lock_};
    return held_;
  }
  void set(Held next) {
    {
      const std::lock_guard guard{lock_};
      held_.swap(next);
    }
    // The former value ends here, outside of the lock.
  }

 private:
  mutable std::mutex lock_;
  Held held_;
};
