// SPDX-License-Identifier: Apache-2.0
//
// One event loop: an epoll, a wheel of timers, and what other threads hand in.
//
// Each descriptor is registered once, for both directions and edge triggered, and stays so until it
// is forgotten: readiness is remembered by its watcher, never asked of the kernel again. A turn
// handles the ready list in order, then due timers, then posted work, then deferred work; time is
// read once, at its beginning. Nothing in a turn allocates. Another thread's post costs a system
// call only when the loop may be asleep.
//
// Thread: everything belongs to the loop's thread, except post, stop and index.
#pragma once

#include "base/list.hpp"
#include "event/timers.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include <sys/epoll.h>

namespace weir {

// Learns what happened to a descriptor.
class Watcher {
 public:
  // `events` holds EPOLL... bits. Edge triggered: what is left unread is not announced again.
  virtual void ready(uint32_t events) noexcept = 0;

 protected:
  ~Watcher() = default;
};

// Work for the end of the current turn. Destroying it cancels it.
class Deferred : public Link {
 public:
  virtual ~Deferred() = default;
  void cancel() { unlink(); }

 protected:
  friend class Loop;
  virtual void deferred() noexcept = 0;  // once per defer; may defer again or destroy this
};

// Called about once a second while it is alive and joined. Destroying it ends that.
class Ticker : public Link {
 public:
  virtual ~Ticker() = default;
  void cancel() { unlink(); }

 protected:
  friend class Loop;
  virtual void tick() noexcept = 0;
};

// Work that another thread hands in. It may destroy itself when run.
class Task {
 public:
  virtual void run() noexcept = 0;

 protected:
  ~Task() = default;

 private:
  friend class Loop;
  Task* next_ = nullptr;
};

// How a loop spent its time; written by its thread, readable from any.
struct LoopUse {
  std::atomic<uint64_t> turns = 0;
  std::atomic<uint64_t> events = 0;
  std::atomic<uint64_t> busy = 0;     // ns at work
  std::atomic<uint64_t> longest = 0;  // ns of the longest turn
  std::atomic<uint64_t> recent = 0;   // ns of the longest since Loop::take_lag
  std::atomic<uint64_t> steps = 0;    // events and deferred work that are done with
  std::atomic<uint64_t> began = 0;    // Clock ns at which the current turn began; 0: it sleeps
};

class Loop {
 public:
  static constexpr size_t scratch_size = 131072;

  // Throws std::system_error when the system has no descriptor left.
  explicit Loop(unsigned index = 0);

  // Posted work that has not run yet runs now. Expects: nobody posts any more.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // For connections: both directions and the peer's end of sending, edge triggered. What is ready
  // already is announced too. False when the system is out of memory for it.
  bool watch(int fd, Watcher& watcher);

  // The same of one that is watched already, for another watcher. Expects: the former has been
  // forgotten.
  bool watch_anew(int fd, Watcher& watcher);

  // For listening sockets that several loops share: level triggered, one loop woken per event.
  bool watch_listener(int fd, Watcher& watcher);
  void unwatch_listener(int fd, Watcher& watcher);

  // When the descriptor is closed, which takes it out of the epoll, for nobody else has it. Events
  // of this turn for the watcher are dropped.
  void forget(Watcher& watcher);

  // Before the descriptor is closed when a forked process may have it too: it would stay in the
  // epoll, and its events would go to a watcher that is no more.
  void unwatch(int fd, Watcher& watcher);
  // Whether this turn still has to tell it that there is something to read, or an end.
  bool will_tell_to_read(const Watcher& watcher) const;

  // Runs at the end of this turn, or of the next when called between turns. Once, however often
  // it is deferred before.
  void defer(Deferred& work) { deferred_.append(work); }

  void tick_each_second(Ticker& ticker);

  // Any thread. Runs once, in order of posting. `task` outlives its run.
  void post(Task& task);
  void post(std::function<void()> work);

  // This turn may take as long as it takes: nobody is to judge it.
  void excuse_turn() { use_.began.store(0, std::memory_order_relaxed); }

  Clock::time_point now() const { return now_; }
  Timers& timers() { return timers_; }

  // Takes its deadline from the beginning of this turn.
  void arm(Timer& timer, Clock::duration delay) { timers_.arm(timer, now_ + delay); }

  // Turns until stop. May be called again afterwards.
  void run();

  // Any thread. The current turn is the last.
  void stop();

  // One turn that waits for events at most `wait`.
  void turn(Clock::duration wait);

  // Room to receive into; its content lasts until the callback returns.
  std::span<char> scratch() { return {scratch_.get(), scratch_size}; }

  unsigned index() const { return index_; }
  const LoopUse& use() const { return use_; }

  // One thread, any. How long whoever became ready had to wait at the most since the last call:
  // the longest turn, the current one included.
  Clock::duration take_lag();

 private:
  static constexpr size_t batch = 256;
  static constexpr int deferred_rounds = 16;

  struct Seconds final : Timer {
    explicit Seconds(Loop& owner) : loop(owner) {}
    void expired() noexcept override { loop.second_passed(); }
    Loop& loop;
  };

  int sleep_time(Clock::duration wait);
  void dispatch(int count);
  void run_posted();
  void run_deferred();
  void second_passed();
  void account(int events);
  void wake();
  bool add(int fd, Watcher* watcher, uint32_t events);
  bool control(int operation, int fd, Watcher* watcher, uint32_t events) const;

  int epoll_;
  int wake_;
  unsigned index_;
  Clock::time_point now_;
  Timers timers_;
  std::array<epoll_event, batch> events_;
  size_t at_ = 0;     // the event being handled
  size_t count_ = 0;  // events of this turn
  List<Deferred> deferred_;
  List<Ticker> tickers_;
  Seconds seconds_{*this};
  std::unique_ptr<char[]> scratch_;
  LoopUse use_;
  alignas(64) std::atomic<Task*> posted_ = nullptr;  // newest first
  std::atomic<bool> asleep_ = false;
  std::atomic<bool> stop_ = false;
};

}  // namespace weir
