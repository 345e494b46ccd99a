// SPDX-License-Identifier: Apache-2.0
//
// Takes a listener's connections into one loop.
//
// Out of descriptors, an acceptor that goes on spins, and one that merely stops leaves the clients
// hanging. So it keeps one descriptor in reserve: it gives that up, accepts and closes the one
// client that would wait longest, takes the reserve again and pauses for 100 ms.
//
// Thread: one loop. Several acceptors, each on its loop, may share a listener.
#pragma once

#include "event/loop.hpp"
#include "net/listener.hpp"

#include <cstdint>
#include <functional>

namespace weir {

class Acceptor final : private Watcher, private Timer {
 public:
  static constexpr Clock::duration pause_time = std::chrono::milliseconds(100);

  // `taken` may destroy this. Expects: loop and listener outlive it.
  Acceptor(Loop& loop, Listener& listener, std::function<void(Accepted)> taken);
  ~Acceptor() override;
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // False when the system refuses to watch the listener.
  bool start();

  // The listener keeps its queue. start goes on.
  void stop();

  // Descriptors have come free: a pause for want of them ends.
  void go_on() {
    if (armed()) expired();
  }

  // Takes all that wait in the queue now, before it closes for good.
  void accept_waiting();

  Listener& listener() { return listener_; }

  uint64_t accepted() const { return accepted_; }
  uint64_t exhausted() const { return exhausted_; }  // pauses for want of descriptors or memory

 private:
  static constexpr int batch = 64;  // then the connections that are there already get their turn

  void ready(uint32_t events) noexcept override;
  void expired() noexcept override;
  void give_up_one(int reason);

  Loop& loop_;
  Listener& listener_;
  std::function<void(Accepted)> taken_;
  int reserve_ = -1;
  bool watching_ = false;
  bool* gone_ = nullptr;  // set while taken_ runs
  uint64_t accepted_ = 0;
  uint64_t exhausted_ = 0;
};

}  // namespace weir
