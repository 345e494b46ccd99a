// SPDX-License-Identifier: Apache-2.0
#include "serve/worker.hpp"

#include <weir/module.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "chain/exchange.hpp"
#include "conf/limits.hpp"
#include "conf/model.hpp"
#include "event/loop.hpp"
#include "event/tasks.hpp"
#include "event/timers.hpp"
#include "host/host.hpp"
#include "http/names.hpp"
#include "http/stream.hpp"
#include "net/acceptor.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"
#include "serve/client_counts.hpp"
#include "serve/generation.hpp"
#include "serve/h1_server.hpp"
#include "serve/loop_site.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace weir {
namespace {

constexpr size_t most_spare_exchanges = 64;
constexpr Clock::duration door_time = std::chrono::milliseconds(50);

int64_t unix_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace

Worker::Worker(const WorkerOptions& options, Names& names, Tasks& tasks, ClientCounts& clients)
    : options_(options),
      names_(names),
      tasks_(tasks),
      clients_(clients),
      loop_(options.index),
      handles_(options.index),
      thread_{loop_, handles_, tasks} {}

Worker::~Worker() {
  // Posts that came too late run here, while all that they touch is still there.
  loop_.turn(Clock::duration::zero());
  for (void* const memory : spare_exchanges_) ::operator delete(memory);
}

void Worker::set_limits(const conf::Server& server) {
  const conf::Limits& limits = server.limits;
  const conf::Timeouts& timeouts = server.timeouts;
  limits_.head = {limits.request_line, limits.header_field, limits.header,
                  static_cast<size_t>(limits.header_count)};
  limits_.requests = static_cast<uint64_t>(limits.requests);
  limits_.unread_body = limits.unread_body;
  limits_.head_time = timeouts.head;
  limits_.body_time = timeouts.body;
  limits_.body_rate = timeouts.body_rate;
  limits_.body_rate_after = timeouts.body_rate_after;
  limits_.keep_alive = timeouts.keep_alive;
  limits_.keep_alive_overload = timeouts.keep_alive_overload;
  limits_.write_time = timeouts.write;
  limits_.unread_time = timeouts.unread_body;
  limits_.tunnel = timeouts.tunnel;
}

void Worker::use(std::shared_ptr<Generation> generation, std::vector<Listener>& listeners) {
  generation_ = std::move(generation);
  const conf::Model& model = generation_->model();
  set_limits(model.server);
  allow_encoded_slash_ = std::any_of(model.routes.begin(), model.routes.end(),
                                     [](const conf::Route& route) { return route.encoded_slash; });
  for (size_t i = 0; i < listeners.size(); ++i) {
    const auto index = static_cast<uint32_t>(i);
    acceptors_.push_back(std::make_unique<Acceptor>(
        loop_, listeners[i],
        [this, index](Accepted accepted) { take(index, std::move(accepted)); }));
  }
}

void Worker::run(const std::function<void(const std::string&)>& started) {
  Host::enter(thread_);
  const LoopParts parts{loop_, bodies_, handles_, tasks_, names_, date_, options_.loops};
  site_ = std::make_unique<LoopSite>(generation_, parts, options_.pseudonym);
  std::string failure = site_->failure();
  for (const auto& acceptor : acceptors_) {
    if (failure.empty() && !acceptor->start()) failure = "the system refuses to watch a listener";
  }
  accepting_ = failure.empty();
  started(failure);
  if (accepting_) {
    loop_.tick_each_second(*this);
    loop_.run();
  }
  acceptors_.clear();
  connections_.clear();
  // What was posted by now still finds the instances; later posts find that they have ended.
  loop_.turn(Clock::duration::zero());
  ended_.clear();
  site_.reset();
  generation_.reset();
  Ticker::cancel();
  Timer::cancel();
  Host::leave(thread_);
}

Exchange& Worker::create_exchange(uint32_t listener, ServerStream& stream,
                                  const weir_address& peer) {
  void* memory = nullptr;
  if (spare_exchanges_.empty()) {
    memory = ::operator new(sizeof(Exchange));
  } else {
    memory = spare_exchanges_.back();
    spare_exchanges_.pop_back();
  }
  ++site_->exchanges;
  return *new (memory)
      Exchange({&site_->site(), &site_->listener(listener), &stream, peer, unix_ms()});
}

void Worker::destroy_exchange(Exchange& exchange) {
  exchange.~Exchange();
  --site_->exchanges;
  if (spare_exchanges_.size() < most_spare_exchanges) {
    spare_exchanges_.push_back(&exchange);
  } else {
    ::operator delete(&exchange);
  }
}

// Unix sockets have no address to count by, and a trusted proxy speaks for many clients.
bool Worker::count_client(const weir_address& client) const {
  if (options_.per_client == 0 || client.family < 4) return false;
  const auto& trusted = site_->site().trusted;
  return std::none_of(trusted.begin(), trusted.end(),
                      [&](const weir_cidr& range) { return contains(range, client); });
}

void Worker::take(uint32_t listener, Accepted accepted) {
  const weir_address client = accepted.peer.weir();
  const bool counted = count_client(client);
  if (counted && clients_.add(client) > options_.per_client) {
    clients_.remove(client);
    WEIR_LOG(WEIR_INFO, "closed a connection of ", accepted.peer.host(),
             ": it has limits.connections_per_client already");
    return;
  }
  ConnectionOwner& owner = *this;
  auto connection = std::make_unique<H1Server>(
      loop_, bodies_, owner, H1Server::Origin{listener, client, allow_encoded_slash_});
  connection->place = connections_.size();
  connection->counted = counted;
  connections_.push_back(std::move(connection));
  H1Server& opened = *connections_.back();
  if (!opened.open(std::move(accepted.socket))) connection_ended(opened);
  if (connections_.size() >= options_.connections && !draining_) stop_accepting();
}

void Worker::connection_ended(H1Server& connection) {
  auto& place = connections_[connection.place];
  if (connection.counted) clients_.remove(connection.peer());
  ended_.push_back(std::move(place));
  place = std::move(connections_.back());
  if (place != nullptr) place->place = connection.place;
  connections_.pop_back();
  loop_.defer(*this);
}

Clock::duration Worker::keep_alive() const {
  const bool nearly_full = connections_.size() * 10 > options_.connections * 8;
  return nearly_full ? limits_.keep_alive_overload : limits_.keep_alive;
}

void Worker::stop_accepting() {
  if (!std::exchange(accepting_, false)) return;
  for (const auto& acceptor : acceptors_) acceptor->stop();
}

void Worker::deferred() noexcept {
  ended_.clear();
  if (!draining_ && !accepting_ && connections_.size() < options_.connections) {
    accepting_ = true;
    for (const auto& acceptor : acceptors_) acceptor->start();
  }
  end_when_empty();
}

void Worker::tick() noexcept { site_->flush(); }

void Worker::drain(std::function<void()> closed) {
  loop_.post([this, closed = std::move(closed)]() mutable {
    tell_closed_ = std::move(closed);
    begin_drain();
  });
}

void Worker::begin_drain() {
  if (std::exchange(draining_, true)) return;
  for (const auto& connection : connections_) connection->drain();
  loop_.arm(*this, door_time);
}

// Who has reached the queue has been let in: those connections are served too.
void Worker::expired() noexcept {
  for (const auto& acceptor : acceptors_) acceptor->accept_waiting();
  stop_accepting();
  acceptors_.clear();
  closed_ = true;
  tell_closed_();
  end_when_empty();
}

void Worker::end_when_empty() {
  if (closed_ && connections_.empty()) loop_.stop();
}

void Worker::cut() {
  loop_.post([this] {
    if (!connections_.empty()) {
      WEIR_LOG(WEIR_WARN, "cut ", connections_.size(), " connections at the drain deadline");
    }
    loop_.stop();
  });
}

void Worker::reopen_logs() {
  loop_.post([this] {
    if (site_ != nullptr) site_->reopen();
  });
}

}  // namespace weir
