// SPDX-License-Identifier: Apache-2.0
//
// One supervisor follows another: a new executable takes over the listening sockets.
//
// The former supervisor runs the file at the path it was started from, with its own arguments, the
// sockets, and a channel. The new one starts its workers, then says "ready"; it is in charge once
// the former one has replied. When either of them goes away before that, the other one goes on as
// if nothing had been: the former with its workers, the new one to its end.
//
// Thread: the supervisor's.
#pragma once

#include "base/clock.hpp"
#include "event/loop.hpp"
#include "event/timers.hpp"
#include "supervise/channel.hpp"
#include "supervise/sockets.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace weir {

// How this process was started, so that another can be.
struct Program {
  std::string path;  // absolute, not resolved: a link may lead elsewhere by then
  std::vector<std::string> words;

  static Program own();
};

// Seen from the former supervisor.
class Successor final : private Watcher, private Timer {
 public:
  static constexpr Clock::duration patience = std::chrono::seconds(30);

  // Empty: it serves, and is in charge by now; else the reason why it never will be.
  using Ended = std::function<void(const std::string& failure)>;

  // Starts it. `ended` is called once, on the loop, and leaves this where it is.
  Successor(Loop& loop, const Program& program, const Sockets& sockets, Ended ended);
  ~Successor() override;
  Successor(const Successor&) = delete;
  Successor& operator=(const Successor&) = delete;

  // In a fork, which shares the epoll but not the new process.
  void disown();

  // Of the process that waits for the new one; of the new one once that is in charge.
  pid_t pid() const { return pid_; }
  bool underway() const { return ended_ != nullptr; }
  // pid() has been waited for.
  void died(int status);

 private:
  void ready(uint32_t events) noexcept override;
  void expired() noexcept override;
  void hear();
  void leave_channel();
  void end(const std::string& failure);
  void not_started(const std::string& reason);

  Loop& loop_;
  Ended ended_;
  std::optional<Channel> channel_;
  pid_t pid_ = -1;
  pid_t serving_ = 0;                                                  // it says that it serves
  std::string pending_ = "the new process was not ready within 30 s";  // told when time is up
};

// Seen from the new supervisor.
class Predecessor final : private Watcher {
 public:
  // Takes over what the environment names, and removes it from there. nullptr: there is none.
  static std::unique_ptr<Predecessor> find(Sockets& sockets);
  ~Predecessor();
  Predecessor(const Predecessor&) = delete;
  Predecessor& operator=(const Predecessor&) = delete;

  // `answered` hears true when this supervisor is in charge now, false when the former one went
  // away before; `ended` that it has gone after that, with all its workers. They leave this where
  // it is.
  void watch(Loop& loop, std::function<void(bool)> answered, std::function<void()> ended);
  // In a fork, which shares the epoll but not the channel.
  void disown() { loop_ = nullptr; }
  void say_ready();

 private:
  explicit Predecessor(Channel channel) : channel_(std::move(channel)) {}
  void ready(uint32_t events) noexcept override;

  Channel channel_;
  Loop* loop_ = nullptr;
  std::function<void(bool)> answered_;
  std::function<void()> ended_;
};

}  // namespace weir
