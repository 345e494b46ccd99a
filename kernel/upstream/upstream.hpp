// SPDX-License-Identifier: Apache-2.0
//
// Where requests go: an upstream, and what one loop keeps for it.
//
// An Upstream is shared and holds the current endpoints; a LoopUpstream holds this loop's idle
// connections, newest on top since it is the one least likely to be closed by the endpoint, and
// the balancer's state. When the endpoints change, running attempts end on the set they began on.
//
// Thread: Upstream on control, `current` by any; LoopUpstream on its loop.
#pragma once

#include "upstream/endpoint_set.hpp"
#include "upstream/h1_client.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace weir {

struct UpstreamOptions {
  std::string name;
  std::string host;               // sent as Host; empty: the client's
  bool host_of_endpoint = false;  // the endpoint's address is sent as Host
  HeadLimits response_limits = weir::response_limits;
  ClientTimeouts timeouts;
  size_t max_idle = 64;                 // connections kept per endpoint and loop
  uint64_t max_requests = 10'000;       // per connection
  std::vector<const void*> transports;  // whose they are; to tell upstreams that differ in them

  bool operator==(const UpstreamOptions&) const = default;
};

class Upstream {
 public:
  Upstream(UpstreamOptions options, Balancer balancer);

  const UpstreamOptions& options() const { return options_; }
  const Balancer& balancer() const { return balancer_; }

  // New endpoints from now on; sets that nobody uses any more are dropped. [control]
  void set_endpoints(std::vector<Endpoint> endpoints);
  // Drops sets that ended; [control], now and then.
  void sweep();

  std::shared_ptr<const EndpointSet> current() const;
  // Grows with each set; a loop compares it before it asks for the set itself.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }

 private:
  bool has(const std::vector<Endpoint>& endpoints) const;

  UpstreamOptions options_;
  Balancer balancer_;
  mutable std::mutex mutex_;  // guards current_; taken when the version changed, not per request
  std::shared_ptr<const EndpointSet> current_;
  std::vector<std::shared_ptr<const EndpointSet>> retired_;
  uint64_t last_id_ = 0;  // of an endpoint
  std::atomic<uint64_t> version_{0};
};

class LoopUpstream;

// One try at one endpoint, from the choice to the response head or the failure.
class Attempt {
 public:
  static constexpr size_t most_tried = 16;  // endpoints that one exchange remembers

  bool active() const { return set_ != nullptr; }
  size_t endpoint() const { return endpoint_; }
  bool reused() const { return reused_; }
  uint32_t count() const { return count_; }  // attempts so far
  Clock::time_point began() const { return began_; }

 private:
  friend class LoopUpstream;
  EndpointsOnLoop* set_ = nullptr;
  size_t endpoint_ = 0;
  // Ids of endpoints, since the set may be replaced between two attempts.
  std::array<uint64_t, most_tried> tried_{};
  uint32_t count_ = 0;
  bool reused_ = false;
  bool repeats_ = false;  // the same endpoint once more, on a fresh connection
  Clock::time_point began_;
};

class LoopUpstream final : private ClientOwner, private Deferred {
 public:
  // `transports` may be nullptr: its connections are plain.
  LoopUpstream(Upstream& upstream, Loop& loop, BodyPool& pool,
               std::unique_ptr<const TransportMaker> transports = {});
  ~LoopUpstream() override;

  const UpstreamOptions& options() const { return upstream_.options(); }

  // Chooses an endpoint that this exchange has not tried; false: none is left. `tx` as in the ABI.
  bool choose(Attempt& attempt, weir_tx* tx);
  // The same endpoint again, on a connection of its own.
  void repeat(Attempt& attempt);
  const Endpoint& endpoint(const Attempt& attempt) const;
  bool more_to_try(const Attempt& attempt);

  // A connection for the chosen endpoint; nullptr: it could not even be begun.
  ClientStream* open(Attempt& attempt, const ClientExchange& exchange);
  // How it ended; WEIR_SUCCEEDED comes when the response is whole or given up.
  void finish(Attempt& attempt, uint32_t outcome);
  // The response head is there: what the balancer learns of the time is settled now.
  void head_arrived(Attempt& attempt);

  size_t idle_connections() const;
  void close_idle();

 private:
  void connection_idle(H1Client& connection) override;
  void connection_ended(H1Client& connection) override;
  void deferred() noexcept override;

  void refresh();  // takes a changed endpoint set over
  static bool was_tried(const Attempt& attempt, const Endpoint& endpoint);
  const uint8_t* mark_tried(const Attempt& attempt);
  static void hand_over(EndpointsOnLoop& from, EndpointsOnLoop& to);
  void tell_balancer(const Attempt& attempt, uint32_t outcome);
  weir_pick view_of(EndpointsOnLoop& set, const uint8_t* skip, weir_tx* tx);
  H1Client* take_idle(EndpointsOnLoop& set, size_t endpoint);
  H1Client* dial(EndpointsOnLoop& set, size_t endpoint, const ClientExchange& exchange);
  void drop_unused_sets();

  Upstream& upstream_;
  Loop& loop_;
  BodyPool& pool_;
  uint64_t version_ = 0;
  std::unique_ptr<EndpointsOnLoop> current_;
  std::vector<std::unique_ptr<EndpointsOnLoop>> old_;
  std::vector<std::unique_ptr<H1Client>> ended_;
  uint64_t random_;
  std::unique_ptr<const TransportMaker> transports_;
};

}  // namespace weir
