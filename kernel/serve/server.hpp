// SPDX-License-Identifier: Apache-2.0
//
// A running proxy: listeners, workers, and the control thread that watches over them.
//
// Thread: made and run on the main thread, which becomes the control thread.
#pragma once

#include "net/listener.hpp"
#include "serve/client_counts.hpp"
#include "serve/generation.hpp"
#include "serve/upstream_addresses.hpp"
#include "serve/worker.hpp"
#include "supervise/superior.hpp"

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace weir {

class Server final : private Orders, private Ticker, private Timer {
 public:
  // Expects: `names` is what the generation was built with and outlives this, as `superior` does.
  Server(std::shared_ptr<Generation> generation, Names& names, Superior& superior);
  ~Server() override;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens, serves until it is ordered to drain. The exit status: 0, or 2 when the world did not
  // let it (told in the log).
  int run();

 private:
  bool listen();
  bool write_pid() const;
  void make_workers();
  void start_workers();
  void run_worker(Worker& worker);
  void heard(const std::string& failure);
  void reload(uint64_t order) override;
  void answer(uint64_t order, const std::string& question) override;
  void drain(bool for_good) override;
  void reopen_logs() override;
  void close_listeners();
  void worker_ended();
  void tick() noexcept override;
  void expired() noexcept override;  // of the first look-ups, later of the drain

  std::shared_ptr<Generation> generation_;
  Names& names_;
  Superior& superior_;
  Loop loop_;
  Handles handles_;
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
  bool for_good_ = true;  // nobody goes on with the listening sockets
  bool failed_ = false;
};

}  // namespace weir
