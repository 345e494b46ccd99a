// SPDX-License-Identifier: Apache-2.0
#include "upstream/upstream.hpp"

#include <weir/module.h>

#include "base/body.hpp"
#include "base/contract.hpp"
#include "crash/mark.hpp"
#include "event/loop.hpp"
#include "http/stream.hpp"
#include "net/socket.hpp"
#include "net/transport.hpp"
#include "upstream/endpoint_set.hpp"
#include "upstream/h1_client.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace weir {

Upstream::Upstream(UpstreamOptions options, Balancer balancer)
    : options_(std::move(options)), balancer_(balancer) {}

bool Upstream::has(const std::vector<Endpoint>& endpoints) const {
  if (current_ == nullptr || current_->size() != endpoints.size()) return false;
  for (size_t i = 0; i < endpoints.size(); ++i) {
    const Endpoint& known = (*current_)[i];
    if (known.text != endpoints[i].text || known.weight != endpoints[i].weight ||
        known.name != endpoints[i].name) {
      return false;
    }
  }
  return true;
}

void Upstream::set_endpoints(std::vector<Endpoint> endpoints) {
  if (has(endpoints)) return;
  for (Endpoint& endpoint : endpoints) {
    const size_t known = current_ == nullptr ? 0 : current_->size();
    size_t same = 0;
    while (same < known && (*current_)[same].text != endpoint.text) ++same;
    endpoint.id = same < known ? (*current_)[same].id : ++last_id_;
  }
  auto next = std::make_shared<const EndpointSet>(std::move(endpoints), balancer_);
  const std::lock_guard lock(mutex_);
  if (current_ != nullptr) retired_.push_back(std::move(current_));
  current_ = std::move(next);
  version_.fetch_add(1, std::memory_order_release);
}

// This list is the last owner of every retired set, so that tables are dropped on this thread.
void Upstream::sweep() {
  const std::lock_guard lock(mutex_);
  std::erase_if(retired_, [](const auto& set) { return set.use_count() == 1; });
}

std::shared_ptr<const EndpointSet> Upstream::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

// An endpoint set as one loop uses it.
struct EndpointsOnLoop {
  explicit EndpointsOnLoop(std::shared_ptr<const EndpointSet> shared)
      : set(std::move(shared)),
        state(set->state_size() == 0 ? nullptr : new std::byte[set->state_size()]{}),
        idle(set->size()),
        skip(set->size()) {}

  H1Client& keep(std::unique_ptr<H1Client> connection) {
    connection->home = this;
    connection->place = connections.size();
    connections.push_back(std::move(connection));
    return *connections.back();
  }
  std::unique_ptr<H1Client> release(H1Client& connection) {
    std::swap(connections[connection.place], connections.back());
    connections[connection.place]->place = connection.place;
    auto released = std::move(connections.back());
    connections.pop_back();
    return released;
  }

  std::shared_ptr<const EndpointSet> set;
  std::unique_ptr<std::byte[]> state;                  // the balancer's
  std::vector<std::unique_ptr<H1Client>> connections;  // all of them
  std::vector<std::vector<H1Client*>> idle;            // by endpoint, newest last
  std::vector<uint8_t> skip;                           // room for a pick
  size_t attempts = 0;                                 // that name this set
};

LoopUpstream::LoopUpstream(Upstream& upstream, Loop& loop, BodyPool& pool,
                           std::unique_ptr<const TransportMaker> transports)
    : upstream_(upstream),
      loop_(loop),
      pool_(pool),
      random_(reinterpret_cast<uintptr_t>(this) * 0x9e3779b97f4a7c15ULL | 1),
      transports_(std::move(transports)) {}

LoopUpstream::~LoopUpstream() = default;

// Idle connections to endpoints that stayed go over to the new set.
void LoopUpstream::hand_over(EndpointsOnLoop& from, EndpointsOnLoop& to) {
  for (size_t i = 0; i < from.idle.size(); ++i) {
    const Endpoint& known = (*from.set)[i];
    const auto is_known = [&](const Endpoint& endpoint) {
      return endpoint.text == known.text && endpoint.name == known.name;
    };
    size_t same = 0;
    while (same < to.idle.size() && !is_known((*to.set)[same])) ++same;
    if (same == to.idle.size()) continue;
    for (H1Client* const connection : from.idle[i]) {
      connection->endpoint = same;
      to.idle[same].push_back(&to.keep(from.release(*connection)));
    }
    from.idle[i].clear();
  }
}

void LoopUpstream::refresh() {
  const uint64_t version = upstream_.version();
  if (version == version_) return;
  version_ = version;
  auto next = std::make_unique<EndpointsOnLoop>(upstream_.current());
  if (current_ != nullptr) {
    hand_over(*current_, *next);
    old_.push_back(std::move(current_));
  }
  current_ = std::move(next);
  drop_unused_sets();
}

void LoopUpstream::drop_unused_sets() {
  for (const auto& set : old_) {
    for (auto& idle : set->idle) {
      while (!idle.empty()) idle.back()->abandon();
    }
  }
  std::erase_if(old_,
                [](const auto& set) { return set->attempts == 0 && set->connections.empty(); });
}

// xorshift64*, Vigna 2014: spreads picks, guards nothing.
weir_pick LoopUpstream::view_of(EndpointsOnLoop& set, const uint8_t* skip, weir_tx* tx) {
  random_ ^= random_ >> 12;
  random_ ^= random_ << 25;
  random_ ^= random_ >> 27;
  return {sizeof(weir_pick),
          static_cast<uint32_t>(set.set->size()),
          set.set->table(),
          set.state.get(),
          set.set->in_flight(),
          skip,
          random_ * 0x2545f4914f6cdd1dULL,
          tx};
}

bool LoopUpstream::choose(Attempt& attempt, weir_tx* tx) {
  if (!more_to_try(attempt)) return false;
  EndpointsOnLoop& set = *current_;
  const size_t count = set.set->size();
  const uint8_t* const skip = attempt.count_ == 0 ? nullptr : mark_tried(attempt);
  int32_t picked = 0;
  if (set.set->table() != nullptr) {
    const weir_pick view = view_of(set, skip, tx);
    const Balancer& balancer = set.set->balancer();
    picked = call_module({balancer.callee, "pick", tx}, -1, balancer.ops->pick, balancer.instance,
                         &view);
  } else if (skip != nullptr) {
    picked =
        static_cast<int32_t>(std::find(set.skip.begin(), set.skip.end(), 0) - set.skip.begin());
  }
  if (picked < 0 || static_cast<size_t>(picked) >= count) return false;
  attempt.set_ = &set;
  attempt.endpoint_ = static_cast<size_t>(picked);
  attempt.tried_[attempt.count_++] = (*set.set)[attempt.endpoint_].id;
  attempt.repeats_ = false;
  attempt.began_ = loop_.now();
  ++set.attempts;
  set.set->in_flight(attempt.endpoint_).fetch_add(1, std::memory_order_relaxed);
  return true;
}

bool LoopUpstream::was_tried(const Attempt& attempt, const Endpoint& endpoint) {
  const auto end = attempt.tried_.begin() + attempt.count_;
  return std::find(attempt.tried_.begin(), end, endpoint.id) != end;
}

const uint8_t* LoopUpstream::mark_tried(const Attempt& attempt) {
  EndpointsOnLoop& set = *current_;
  for (size_t i = 0; i < set.skip.size(); ++i) {
    set.skip[i] = was_tried(attempt, (*set.set)[i]) ? 1 : 0;
  }
  return set.skip.data();
}

bool LoopUpstream::more_to_try(const Attempt& attempt) {
  refresh();
  const EndpointSet& set = *current_->set;
  if (attempt.count_ == 0) return set.size() > 0;
  if (attempt.count_ == Attempt::most_tried) return false;
  for (size_t i = 0; i < set.size(); ++i) {
    if (!was_tried(attempt, set[i])) return true;
  }
  return false;
}

void LoopUpstream::repeat(Attempt& attempt) {
  expects(attempt.active(), "an attempt to repeat");
  attempt.repeats_ = true;
}

const Endpoint& LoopUpstream::endpoint(const Attempt& attempt) const {
  expects(attempt.active(), "an attempt at an endpoint");
  return (*attempt.set_->set)[attempt.endpoint_];
}

ClientStream* LoopUpstream::open(Attempt& attempt, const ClientExchange& exchange) {
  EndpointsOnLoop& set = *attempt.set_;
  H1Client* connection = attempt.repeats_ ? nullptr : take_idle(set, attempt.endpoint_);
  attempt.reused_ = connection != nullptr;
  if (connection == nullptr) connection = dial(set, attempt.endpoint_, exchange);
  if (connection != nullptr) connection->begin(exchange);
  return connection;
}

H1Client* LoopUpstream::take_idle(EndpointsOnLoop& set, size_t endpoint) {
  auto& idle = set.idle[endpoint];
  while (!idle.empty()) {
    H1Client* const connection = idle.back();
    idle.pop_back();
    if (!connection->has_heard()) return connection;
    connection->abandon();  // what it heard would pass for the next answer (RFC 9112, 9.2)
  }
  return nullptr;
}

H1Client* LoopUpstream::dial(EndpointsOnLoop& set, size_t endpoint,
                             const ClientExchange& exchange) {
  auto socket = Socket::connect((*set.set)[endpoint].address);
  if (!socket) return nullptr;
  Lane lane{std::move(*socket), nullptr};
  if (transports_ != nullptr) {
    TransportOrder order;
    order.server_name = (*set.set)[endpoint].name;
    if (transports_->per_exchange() && exchange.client != nullptr) {
      order.client = exchange.client_address;
      order.client_local = exchange.client->local();
    }
    lane.transport = transports_->make(order);
  }
  ClientOwner& owner = *this;
  H1Client& connection =
      set.keep(std::make_unique<H1Client>(loop_, pool_, owner, upstream_.options().timeouts));
  connection.endpoint = endpoint;
  if (connection.connect(std::move(lane))) return &connection;
  connection.abandon();
  return nullptr;
}

void LoopUpstream::head_arrived(Attempt& attempt) { tell_balancer(attempt, WEIR_SUCCEEDED); }

// What became of the attempt, if the balancer wants to know.
void LoopUpstream::tell_balancer(const Attempt& attempt, uint32_t outcome) {
  EndpointsOnLoop& set = *attempt.set_;
  const Balancer& balancer = set.set->balancer();
  if (set.set->table() == nullptr || !WEIR_HAS(weir_balancer, balancer.ops, done)) return;
  const weir_pick view = view_of(set, nullptr, nullptr);
  call_module({balancer.callee, "done"}, balancer.ops->done, balancer.instance, &view,
              static_cast<uint32_t>(attempt.endpoint_), outcome,
              static_cast<uint64_t>((loop_.now() - attempt.began_).count()));
}

void LoopUpstream::finish(Attempt& attempt, uint32_t outcome) {
  if (!attempt.active()) return;
  EndpointsOnLoop& set = *attempt.set_;
  if (outcome != WEIR_SUCCEEDED) tell_balancer(attempt, outcome);
  set.set->in_flight(attempt.endpoint_).fetch_sub(1, std::memory_order_relaxed);
  attempt.set_ = nullptr;
  if (--set.attempts == 0 && &set != current_.get()) drop_unused_sets();
}

void LoopUpstream::connection_idle(H1Client& connection) {
  EndpointsOnLoop& set = *connection.home;
  auto& idle = set.idle[connection.endpoint];
  const bool full = idle.size() >= upstream_.options().max_idle ||
                    (transports_ != nullptr && transports_->per_exchange());
  if (&set != current_.get() || full || connection.served >= upstream_.options().max_requests) {
    connection.abandon();
    return;
  }
  idle.push_back(&connection);
}

void LoopUpstream::connection_ended(H1Client& connection) {
  EndpointsOnLoop& set = *connection.home;
  std::erase(set.idle[connection.endpoint], &connection);
  ended_.push_back(set.release(connection));
  loop_.defer(*this);
}

void LoopUpstream::deferred() noexcept {
  ended_.clear();
  drop_unused_sets();
}

size_t LoopUpstream::idle_connections() const {
  size_t count = 0;
  for (size_t i = 0; current_ != nullptr && i < current_->idle.size(); ++i) {
    count += current_->idle[i].size();
  }
  return count;
}

void LoopUpstream::close_idle() {
  for (size_t i = 0; current_ != nullptr && i < current_->idle.size(); ++i) {
    while (!current_->idle[i].empty()) current_->idle[i].back()->abandon();
  }
}

}  // namespace weir
