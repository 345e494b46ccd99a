// SPDX-License-Identifier: Apache-2.0
//
// One event loop of the data path with all that belongs to it: client connections, exchanges,
// upstream connections, module state. It shares nothing that changes with other loops but counters.
//
// Thread: made on control; run() and everything below it on its own; post-like calls from control.
#pragma once

#include "host/host.hpp"
#include "net/acceptor.hpp"
#include "serve/client_counts.hpp"
#include "serve/h1_server.hpp"
#include "serve/loop_site.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir {

struct WorkerOptions {
  uint32_t index = 0;
  uint32_t loops = 1;
  size_t connections = 0;   // most at a time on this loop
  uint32_t per_client = 0;  // over all loops; 0: no limit
  std::string pseudonym;
};

class Worker final : private ConnectionOwner, private Ticker, private Deferred, private Timer {
 public:
  Worker(const WorkerOptions& options, Names& names, Tasks& tasks, ClientCounts& clients);
  ~Worker() override;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Before run: where connections come from, and what is served. [control, before run]
  void use(std::shared_ptr<Generation> generation, std::vector<Listener>& listeners);

  // Serves until it has been drained. `started` hears an error text, empty when all is well.
  void run(const std::function<void(const std::string&)>& started);

  // No new connections; those that are there end as their exchanges do. `closed` is called on the
  // loop when it will not accept any more. Expects: the listeners' doors are shut. [any]
  void drain(std::function<void()> closed);
  // What has not ended now is cut. [any]
  void cut();
  void reopen_logs();  // [any]

 private:
  const ServerLimits& limits() const override { return limits_; }
  bool draining() const override { return draining_; }
  Clock::duration keep_alive() const override;
  Exchange& create_exchange(uint32_t listener, ServerStream& stream,
                            const weir_address& peer) override;
  void destroy_exchange(Exchange& exchange) override;
  void connection_ended(H1Server& connection) override;
  void deferred() noexcept override;
  void tick() noexcept override;

  void take(uint32_t listener, Accepted accepted);
  bool count_client(const weir_address& client) const;
  void stop_accepting();
  void begin_drain();
  void expired() noexcept override;  // the last connections have had time to reach the queue
  void end_when_empty();
  void set_limits(const conf::Server& server);

  WorkerOptions options_;
  Names& names_;
  Tasks& tasks_;
  ClientCounts& clients_;
  Loop loop_;
  BodyPool bodies_;
  Handles handles_;
  HttpDate date_;
  HostThread thread_;
  ServerLimits limits_;
  std::shared_ptr<Generation> generation_;
  std::unique_ptr<LoopSite> site_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::vector<std::unique_ptr<H1Server>> connections_;
  std::vector<std::unique_ptr<H1Server>> ended_;
  std::vector<void*> spare_exchanges_;
  bool allow_encoded_slash_ = false;
  bool accepting_ = false;
  bool draining_ = false;
  bool closed_ = false;
  std::function<void()> tell_closed_;
};

}  // namespace weir
