// SPDX-License-Identifier: Apache-2.0
//
// One event loop of the data path with all that belongs to it: client connections, exchanges,
// upstream connections, module state. It shares nothing that changes with other loops but counters.
//
// A reload comes in two steps, so that it succeeds on all loops or on none: prepare makes the next
// generation's site, commit serves by it. Exchanges that have begun end on the site they began on,
// and their connections go on.
//
// Thread: made on control; run() and everything below it on its own; post-like calls from control.
#pragma once

#include "chain/relief.hpp"
#include "host/host.hpp"
#include "serve/client_counts.hpp"
#include "serve/connection.hpp"
#include "serve/doorstep.hpp"
#include "serve/inlet.hpp"
#include "serve/loop_site.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace weir {

struct WorkerOptions {
  uint32_t index = 0;
  uint32_t loops = 1;
  std::string pseudonym;
  const std::atomic<bool>* leaving = nullptr;  // the process is about to end
};

// What a loop serves, and how much.
struct Serving {
  std::shared_ptr<Generation> generation;
  std::vector<Door> doors;  // of the generation's listeners, in order
  size_t connections = 0;   // most at a time on this loop
  uint32_t per_client = 0;  // over all loops; 0: no limit
};

// What a loop has come to; written by its thread, readable from any.
struct LoopCounts {
  std::atomic<uint64_t> connections = 0;  // open now
  std::atomic<uint64_t> accepted = 0;
  std::atomic<uint64_t> requests = 0;
  std::atomic<uint64_t> full = 0;             // times that the limit of connections was reached
  std::atomic<uint64_t> clients_refused = 0;  // connections beyond the limit of their client
  std::atomic<uint64_t> pauses = 0;           // in accepting, for want of descriptors
  std::atomic<uint64_t> reset = 0;            // exchanges, for want of memory

  // One writer needs no locked instruction.
  static void add(std::atomic<uint64_t>& count, uint64_t by) {
    count.store(count.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
};

// A connection as people are shown it.
struct ConnectionView {
  Address peer;
  std::string listener;
  uint64_t requests = 0;
  std::string method, path;  // of the request under way; empty: it rests
  Clock::duration age{};     // of that request
  uint64_t generation = 0;   // that the request is served by
};

class Worker final : private ConnectionOwner, private Ticker, private Deferred, private Timer {
 public:
  // `gone` hears the number of each generation of which nothing is left here: no exchange, no task
  // of a module that ends with it. [loop]
  // `retire` takes what has to end on the control thread. [loop]
  Worker(WorkerOptions options, Names& names, Tasks& tasks, ClientCounts& clients,
         std::function<void(uint64_t)> gone,
         std::function<void(std::shared_ptr<const void>)> retire);
  ~Worker() override;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Serves until it has been drained. `started` hears an error text, empty when all is well.
  void run(Serving serving, const std::function<void(const std::string&)>& started);

  // Makes all that the next generation needs here; `told` hears an error text, or an empty one, on
  // the loop. Then comes commit or discard. [any]
  void prepare(Serving serving, std::function<void(const std::string&)> told);
  // Serves by what was prepared. Connections that came in by a door that is not there any more end
  // with their exchange. Expects: such doors are shut. [any]
  void commit(std::function<void()> told);
  // `told` is called on the loop when nothing of it is left there, tasks of its modules neither.
  // [any]
  void discard(std::function<void()> told);

  // No new connections; those that are there end as their exchanges do. `closed` is called on the
  // loop when it will not accept any more. When `for_good`, who has reached the queue is let in
  // first: the doors are shut then. [any]
  void drain(bool for_good, std::function<void()> closed);
  // What has not ended now is cut; of one generation, its exchanges. [any]
  void cut();
  void cut(uint64_t generation);
  void reopen_logs();  // [any]

  // From now on the loop does this against overload. [control]
  void relieve(Step step, bool late);
  // It may hold so many bytes more before it stops to read. [control]
  void allow(uint64_t more);
  // The largest exchanges are cut until so many bytes are free, or none holds much. [any]
  void free_memory(uint64_t bytes);
  uint64_t held() const { return bodies_.held().now(); }          // bytes, for exchanges [any]
  uint64_t turned_away() const { return relief_.turned_away(); }  // requests [any]
  Clock::duration take_lag() { return loop_.take_lag(); }         // see there [control]

  // `told` hears of at most so many connections, on the loop. [any]
  void describe(size_t most, std::function<void(std::vector<ConnectionView>)> told);

  // Of its thread so far; zero before it runs. [any]
  Clock::duration cpu_time() const;

  const LoopUse& use() const { return loop_.use(); }    // [any]
  const LoopCounts& counts() const { return counts_; }  // [any]

 private:
  const ServerLimits& limits() const override { return limits_; }
  bool draining(const Inlet& inlet) const override {
    return draining_ || inlet.acceptor == nullptr;
  }
  Clock::duration keep_alive() const override;
  Exchange& create_exchange(const Inlet& inlet, ServerStream& stream,
                            const weir_address& peer) override;
  void destroy_exchange(Exchange& exchange) override;
  void wants_step(Doorstep& doorstep) override;
  bool admit(Connection& connection) override;
  void let_in(Doorstep& doorstep) override;
  void connection_ended(Connection& connection) override;
  void deferred() noexcept override;
  void tick() noexcept override;

  // A site that ends when nothing runs on it any more.
  struct OldSite {
    std::shared_ptr<LoopSite> site;
    std::function<void()> ended;
  };

  std::string make_site(Serving serving);
  void take_over();
  void end_sites();
  void open(const Door& door, size_t index);
  void close(Inlet& inlet);
  void drop_old_sites();
  void take(Inlet& inlet, Accepted accepted);
  static uint64_t generation_of(const Connection& connection);
  bool counts(const weir_address& client) const;
  bool count_client(const weir_address& client, bool& counted);
  Connection& add(std::unique_ptr<Connection> connection);
  template <class Kind>
  void begin(std::unique_ptr<Kind> connection, bool counted, Lane lane);
  void step();
  bool may_accept() const;
  void start_accepting();
  void stop_accepting();
  void begin_drain(bool for_good);
  void end_accepting();
  void expired() noexcept override;  // the last connections have had time to reach the queue
  void end_when_empty();
  void set_limits();
  void act_on(Step step, Step before);
  void cut_largest(uint64_t bytes);
  void exhausted();

  WorkerOptions options_;
  Names& names_;
  Tasks& tasks_;
  ClientCounts& clients_;
  std::function<void(uint64_t)> gone_;
  std::function<void(std::shared_ptr<const void>)> retire_;
  Loop loop_;
  BodyPool bodies_;
  Handles handles_;
  HttpDate date_;
  HostThread thread_;
  ServerLimits limits_;
  LoopCounts counts_;
  std::atomic<clockid_t> cpu_clock_ = -1;
  Relief relief_{bodies_.held()};
  Serving serving_;
  std::shared_ptr<LoopSite> site_;
  Serving next_serving_;
  std::shared_ptr<LoopSite> next_site_;
  Endings endings_;
  std::vector<OldSite> old_sites_;
  std::map<uint32_t, std::unique_ptr<Inlet>> inlets_;  // by number of the door
  List<Doorstep::Ticket> stepping_;                    // handshakes that can go on
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> ended_;
  std::vector<void*> spare_exchanges_;
  bool accepting_ = false;
  bool draining_ = false;
  bool closed_ = false;
  Clock::time_point told_full_{};   // in the log
  Clock::time_point told_pause_{};  // the same of descriptors
  std::function<void()> tell_closed_;
};

}  // namespace weir
