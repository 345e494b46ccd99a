// SPDX-License-Identifier: Apache-2.0
//
// One of the worker processes that a supervisor keeps alive: its life now, and the next one.
//
// A worker that has beaten once is expected to go on. When it does not for silence_limit, it is
// killed: no other sign tells a stopped or hung process from an idle one. So is one that does not
// read what it is told until most_unsent is reached.
//
// Thread: the supervisor's.
#pragma once

#include "base/clock.hpp"
#include "event/loop.hpp"
#include "event/timers.hpp"
#include "supervise/channel.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

namespace weir {

// How a process ended: wait(2).
std::string ending_of(int status);

// How long to wait before the next life: 0, 100 ms, 200 ms and so on to 10 s, and from the
// beginning again after a life of 2 s: who dies as often as that still serves most of the time.
class Backoff {
 public:
  static constexpr Clock::duration most = std::chrono::seconds(10);
  static constexpr Clock::duration long_life = std::chrono::seconds(2);

  Clock::duration after(Clock::duration life);

 private:
  unsigned short_lives_ = 0;  // in a row
};

class WorkerProcess final : private Watcher, private Timer {
 public:
  static constexpr Clock::duration silence_limit = std::chrono::seconds(3);
  // Bytes. A control thread that reads is behind by the outcomes of its questions at most: some MB.
  static constexpr size_t most_unsent = size_t{64} << 20;

  class Owner {
   public:
    virtual void heard(WorkerProcess& worker, Message message) = 0;
    virtual void start(WorkerProcess& worker) = 0;  // the time for its next life has come

   protected:
    ~Owner() = default;
  };

  WorkerProcess(Loop& loop, Owner& owner) : loop_(loop), owner_(owner) {}
  ~WorkerProcess() override;
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // `life` is its name as a holder of sockets; no two lives share one.
  void born(pid_t pid, Channel channel, uint64_t life);
  // It has been waited for.
  void died();
  // After died: when the next life is due, and to call owner.start then.
  Clock::duration pause() { return backoff_.after(Clock::now() - born_); }
  void start_after(Clock::duration delay) { loop_.arm(*this, delay); }
  void stay_dead() { cancel(); }
  // In a fork, which shares the epoll but not the worker.
  void disown() { channel_.reset(); }

  pid_t pid() const { return pid_; }  // 0: it has no life now
  bool alive() const { return pid_ != 0; }
  uint64_t life() const { return life_; }
  bool serves() const { return serves_; }
  // From now on it is judged by its beats.
  void serves_now() {
    serves_ = true;
    beaten();
  }

  // It drains, and its next life comes; it is killed when it goes on for longer than this. Reloads
  // are not for it any more.
  void leave(Clock::duration longest);
  bool leaving() const { return leaving_; }

  void send(Message message);
  void kill() const;

 private:
  void ready(uint32_t events) noexcept override;
  // Alive: too long without a beat, or there; else: time to start again.
  void expired() noexcept override;
  void beaten();
  void judge_later();
  bool overdue() const { return leaving_ && loop_.now() >= gone_by_; }
  void leave_channel();

  Loop& loop_;
  Owner& owner_;
  pid_t pid_ = 0;
  uint64_t life_ = 0;
  bool serves_ = false;
  bool leaving_ = false;
  std::optional<Channel> channel_;
  Clock::time_point born_;
  Clock::time_point judged_;   // when it counts as silent
  Clock::time_point gone_by_;  // when it has to have ended, if it is leaving
  Backoff backoff_;
};

}  // namespace weir
