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
#include "supervise/superior.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace weir {

class Alone final : public Superior {
 public:
  Alone() = default;

  void serve_under(Loop& loop, Orders& orders) override;
  Result<Listener> listen(const Address& address) override { return Listener::open(address); }
  void release(const Address& address) override;
  void ready() override {}
  void status(const std::string&) override {}
  void beat() override {}
  void done(uint64_t order, const Outcome& outcome) override;
  void reload_all(Told told) override;
  void ask_all(const std::string& question, Told told) override;
  void drain_all() override { orders_->drain(true); }
  void upgrade(Told told) override;

 private:
  void caught(int signal);
  uint64_t expect(Told told);

  Orders* orders_ = nullptr;
  std::unique_ptr<Signals> signals_;
  std::map<uint64_t, Told> expected_;  // by order
  uint64_t last_order_ = 0;
};

}  // namespace weir
