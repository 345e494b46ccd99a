// SPDX-License-Identifier: Apache-2.0
//
// Takes a listener's connections into one loop.
//
// At 95 % of the descriptors that the process may have it stops, and looks every 100 ms, or when it
// is told to, whether some have become free: what is left is for endpoints, files and logs. The
// system hands out the lowest free number, so the number of what was accepted last says how many
// are in use.
//
// Should none be left all the same, an acceptor that goes on spins, and one that merely stops
// leaves the clients hanging. So it keeps one descriptor in reserve: it gives that up, accepts and
// closes the one client that would wait longest, takes the reserve again and pauses as well.
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
  static constexpr unsigned most_percent = 95;  // of the descriptors

  // `taken` may destroy this; `paused` hears of each beginning of a pause. `percent`: of the
  // descriptors, 100 for whoever has to be let in when others are not. Expects: loop and
  // listener outlive it.
  Acceptor(Loop& loop, Listener& listener, std::function<void(Accepted)> taken,
           std::function<void()> paused = {}, unsigned percent = most_percent);
  ~Acceptor() override;
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // False when the system refuses to watch the listener.
  bool start();

  // The listener keeps its queue. start goes on.
  void stop();

  // Some descriptors have become free: a pause may end now. Harmless when there is none.
  void look_again();

  // Takes all that wait in the queue now, before it closes for good.
  void accept_waiting();

  Listener& listener() { return listener_; }

  uint64_t accepted() const { return accepted_; }
  uint64_t exhausted() const { return exhausted_; }  // pauses for want of descriptors or memory

 private:
  static constexpr int batch = 64;  // then the connections that are there already get their turn

  void ready(uint32_t events) noexcept override;
  void expired() noexcept override;
  bool few_are_left() const;
  void give_up_one(int reason);
  void pause();

  Loop& loop_;
  Listener& listener_;
  std::function<void(Accepted)> taken_;
  std::function<void()> paused_;
  unsigned percent_;
  int reserve_ = -1;
  int last_ = 0;  // the highest number that leaves enough
  bool watching_ = false;
  bool* gone_ = nullptr;  // set while taken_ runs
  uint64_t accepted_ = 0;
  uint64_t exhausted_ = 0;
};

}  // namespace weir
