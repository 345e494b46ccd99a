// SPDX-License-Identifier: Apache-2.0
//
// A worker process without a supervisor: opens what it listens on, and takes orders from signals.
//
// SIGTERM and SIGINT drain, a second one cuts; SIGHUP reloads; SIGUSR1 opens log files anew.
// SIGUSR2 asks for an upgrade, which needs a supervisor.
//
// Thread: control.
#pragma once

#include "event/signals.hpp"
#include "supervise/handed_sockets.hpp"
#include "supervise/manager.hpp"
#include "supervise/pid_file.hpp"
#include "supervise/superior.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir {

class Alone final : public Superior {
 public:
  // `pid_file` may be empty.
  explicit Alone(std::string pid_file) : pid_file_(std::move(pid_file)) {}
  ~Alone() override { pid_file_.remove(); }
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;

  void serve_under(Loop& loop, Orders& orders) override;
  void leave() override { signals_.reset(); }
  Result<Listener> listen(const Address& address) override;
  void release(const Address& address) override;
  bool is_all_there_is() const override { return true; }
  bool is_last_holder(const Address& address) override { return find_given(address) == nullptr; }
  void ready() override;
  void status(const std::string& text) override { manager_.status(text); }
  void beat() override;
  void done(uint64_t order, const Outcome& outcome) override;
  void reload_all(Told told) override;
  void ask_all(const std::string& question, Told told) override;
  void drain_all() override { drain(); }

  // Something that was wanted could not be had, which the log has told.
  bool failed() const { return failed_; }
  void upgrade(Told told) override;

 private:
  void caught(int signal);
  uint64_t expect(Told told);
  void drain();
  const Listener* find_given(const Address& address) const;

  PidFile pid_file_;
  Orders* orders_ = nullptr;
  Manager manager_;
  HandedSockets handed_ = HandedSockets::take();
  // The service manager's sockets, which go on without this process, by the address asked for.
  std::vector<std::pair<Address, Listener>> given_;
  std::unique_ptr<Signals> signals_;
  std::map<uint64_t, Told> expected_;  // by order
  uint64_t last_order_ = 0;
  bool failed_ = false;
};

}  // namespace weir
