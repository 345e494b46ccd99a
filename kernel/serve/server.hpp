// SPDX-License-Identifier: Apache-2.0
//
// A running proxy: listeners, workers, and the control thread that watches over them.
//
// At most three generations are there at a time: the one that serves, and two whose last exchanges
// have not ended. A reload that comes then waits until one has ended; after the drain time the
// exchanges of the oldest are cut. When a module's task keeps it even then, the reload is refused.
// It waits likewise until what an earlier one had prepared, and gave up, is gone.
//
// Thread: made and run on the main thread, which becomes the control thread.
#pragma once

#include "event/watchdog.hpp"
#include "serve/answers.hpp"
#include "serve/client_counts.hpp"
#include "serve/control_socket.hpp"
#include "serve/doors.hpp"
#include "serve/generation.hpp"
#include "serve/overload_watch.hpp"
#include "serve/reload.hpp"
#include "serve/upstream_addresses.hpp"
#include "serve/worker.hpp"
#include "supervise/superior.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace weir {

class Server final : private Orders, private Ticker, private Timer {
 public:
  static constexpr size_t most_generations = 3;

  // Expects: `names` is what the generation was built with and outlives this, as `superior` does.
  Server(std::shared_ptr<Generation> generation, Names& names, Superior& superior, Source source);
  ~Server() override;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens, serves until it is ordered to drain. The exit status: 0, or 2 when the world did not
  // let it (told in the log).
  int run();

 private:
  void make_workers();
  Serving serving(std::shared_ptr<Generation> generation, std::vector<Door> doors) const;
  void start_workers();
  void run_control();
  void run_worker(Worker& worker, unsigned index);
  void heard(const std::string& failure);
  void tell_doors();
  bool open_control();
  void close_control();
  ProcessView view() const;
  Outcome plan_reload();
  void list_connections(uint64_t order);
  void prepare(uint64_t order) override;
  void commit(uint64_t order) override;
  void discard() override;
  void answer(uint64_t order, const std::string& question) override;
  void drain(bool for_good) override;
  void reopen_logs() override;
  void begin_drain();
  void close_listeners();
  void worker_ended();
  void begin_reload();
  void tell(const Outcome& outcome);
  void reloaded(const Outcome& outcome, std::shared_ptr<Generation> next);
  void generation_ended(uint64_t number);
  void given_back();
  void drop_ended();
  void make_room();
  void refuse_reload(const std::string& text);
  void tick() noexcept override;
  void expired() noexcept override;  // of the first look-ups, a wait for room, the drain

  std::shared_ptr<Generation> generation_;
  Names& names_;
  Superior& superior_;
  Source source_;
  Loop loop_;
  Handles handles_;
  ClientCounts clients_;
  Doors doors_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Tasks> tasks_;  // dies before the workers, whose loops its work comes back to
  OverloadWatch overload_;
  HostThread thread_;
  Resolver resolver_;
  UpstreamAddresses addresses_;
  Capacity capacity_;
  std::unique_ptr<Watchdog> watchdog_;
  std::vector<std::jthread> threads_;
  std::vector<std::shared_ptr<Generation>> former_;  // with exchanges that have not ended
  std::map<uint64_t, size_t> ended_;                 // by generation, the loops where it has ended
  std::vector<uint64_t> asked_;                      // orders that wait for the next reload
  std::vector<uint64_t> answering_;                  // orders that wait for this step of reload_
  std::unique_ptr<ControlSocket> control_;
  std::chrono::system_clock::time_point began_ = std::chrono::system_clock::now();
  uint64_t cut_ = 0;  // the last generation whose exchanges were
  uint64_t reloads_ = 0;
  uint64_t refused_reloads_ = 0;
  std::unique_ptr<Reload> reload_;
  std::unique_ptr<Reload> ended_reload_;
  size_t starting_ = 0;
  size_t running_ = 0;
  size_t accepting_ = 0;  // workers that still take connections
  uint32_t told_door_ = 0;
  std::atomic<bool> leaving_ = false;  // told to end; read by the loops
  bool draining_ = false;
  bool for_good_ = false;  // nobody goes on with the listening sockets
  bool failed_ = false;
};

}  // namespace weir
