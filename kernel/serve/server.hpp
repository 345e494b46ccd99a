// SPDX-License-Identifier: Apache-2.0
//
// A running proxy: listeners, workers, and the control thread that watches over them.
//
// Thread: made and run on the main thread, which becomes the control thread.
#pragma once

#include "event/signals.hpp"
#include "net/listener.hpp"
#include "serve/client_counts.hpp"
#include "serve/generation.hpp"
#include "serve/upstream_addresses.hpp"
#include "serve/worker.hpp"

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace weir {

class Server final : private Ticker, private Timer {
 public:
  // Expects: `names` is what the generation was built with and outlives this.
  Server(std::shared_ptr<Generation> generation, Names& names);
  ~Server() override;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens, serves until SIGTERM or SIGINT and drains. The exit status: 0, or 2 when the world
  // did not let it (told in the log).
  int run();

 private:
  bool listen();
  bool write_pid() const;
  void make_workers();
  void start_workers();
  void run_worker(Worker& worker);
  void heard(const std::string& failure);
  void caught(int signal);
  void drain();
  void close_listeners();
  void worker_ended();
  void reopen_logs();
  void tick() noexcept override;
  void expired() noexcept override;  // of the first look-ups, later of the drain

  std::shared_ptr<Generation> generation_;
  Names& names_;
  Loop loop_;
  Handles handles_;
  Signals signals_;
  ClientCounts clients_;
  std::vector<Listener> listeners_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Tasks> tasks_;  // dies before the workers, whose loops its work comes back to
  HostThread thread_;
  Resolver resolver_;
  std::unique_ptr<UpstreamAddresses> addresses_;
  std::vector<std::jthread> threads_;
  size_t starting_ = 0;
  size_t running_ = 0;
  size_t accepting_ = 0;  // workers that still take connections
  bool draining_ = false;
  bool failed_ = false;
};

}  // namespace weir
