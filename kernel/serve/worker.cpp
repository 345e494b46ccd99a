// SPDX-License-Identifier: Apache-2.0
#include "serve/worker.hpp"

#include <weir/module.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/reserve.hpp"
#include "chain/exchange.hpp"
#include "chain/relief.hpp"
#include "chain/transports.hpp"
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
#include "net/transport.hpp"
#include "serve/client_counts.hpp"
#include "serve/connection.hpp"
#include "serve/doorstep.hpp"
#include "serve/generation.hpp"
#include "serve/h1_server.hpp"
#include "serve/inlet.hpp"
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

#include <pthread.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): clock_gettime

namespace weir {
namespace {

constexpr size_t most_spare_exchanges = 64;
constexpr Clock::duration between_lines = std::chrono::seconds(10);  // that say the same
constexpr uint64_t least_cut = 16 * 1024;  // bytes of an exchange worth cutting

int64_t unix_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace

Worker::Worker(WorkerOptions options, Names& names, Tasks& tasks, ClientCounts& clients,
               std::function<void(uint64_t)> gone,
               std::function<void(std::shared_ptr<const void>)> retire)
    : options_(std::move(options)),
      names_(names),
      tasks_(tasks),
      clients_(clients),
      gone_(std::move(gone)),
      retire_(std::move(retire)),
      loop_(options_.index),
      handles_(options_.index),
      thread_{loop_, handles_, tasks} {}

Worker::~Worker() {
  // Posts that came too late run here, while all that they touch is still there.
  loop_.turn(Clock::duration::zero());
  for (void* const memory : spare_exchanges_) ::operator delete(memory);
}

void Worker::set_limits() {
  const conf::Model& model = serving_.generation->model();
  const conf::Server& server = model.server;
  const conf::Limits& limits = server.limits;
  const conf::Timeouts& timeouts = server.timeouts;
  limits_.head = {limits.request_line, limits.header_field, limits.header,
                  static_cast<size_t>(limits.header_count)};
  limits_.requests = static_cast<uint64_t>(limits.requests);
  limits_.unread_body = limits.unread_body;
  limits_.handshake = timeouts.handshake;
  limits_.head_time = timeouts.head;
  limits_.body_time = timeouts.body;
  limits_.body_rate = timeouts.body_rate;
  limits_.body_rate_after = timeouts.body_rate_after;
  limits_.keep_alive = timeouts.keep_alive;
  limits_.keep_alive_overload = timeouts.keep_alive_overload;
  limits_.write_time = timeouts.write;
  limits_.unread_time = timeouts.unread_body;
  limits_.tunnel = timeouts.tunnel;
  limits_.encoded_slash = std::any_of(model.routes.begin(), model.routes.end(),
                                      [](const conf::Route& route) { return route.encoded_slash; });
}

// ---- generations

std::string Worker::make_site(Serving serving) {
  next_serving_ = std::move(serving);
  const LoopParts parts{loop_,   bodies_,        handles_,         tasks_,  names_,    date_,
                        relief_, options_.loops, options_.leaving, retire_, &endings_, this};
  next_site_ =
      std::make_shared<LoopSite>(next_serving_.generation, parts, options_.pseudonym, site_.get());
  return next_site_->failure();
}

void Worker::prepare(Serving serving, std::function<void(const std::string&)> told) {
  loop_.post([this, serving = std::move(serving), told = std::move(told)]() mutable {
    loop_.excuse_turn();  // modules begin, as they do at the start
    const std::string failure = make_site(std::move(serving));
    told(failure);
  });
}

void Worker::commit(std::function<void()> told) {
  loop_.post([this, told = std::move(told)] {
    take_over();
    told();
  });
}

void Worker::discard(std::function<void()> told) {
  loop_.post([this, told = std::move(told)]() mutable {
    next_serving_ = {};
    if (next_site_ == nullptr) return told();
    old_sites_.push_back({std::move(next_site_), std::move(told)});
    drop_old_sites();
  });
}

void Worker::take_over() {
  if (site_ != nullptr) {
    const uint64_t number = site_->generation().number();
    old_sites_.push_back({std::move(site_), [this, number] { gone_(number); }});
  }
  site_ = std::move(next_site_);
  serving_ = std::exchange(next_serving_, {});
  set_limits();
  for (const auto& [number, inlet] : inlets_) {
    const bool stays =
        std::any_of(serving_.doors.begin(), serving_.doors.end(),
                    [&](const Door& door) { return door.number == inlet->door.number; });
    if (!stays && inlet->acceptor != nullptr) close(*inlet);
  }
  for (size_t i = 0; i < serving_.doors.size(); ++i) open(serving_.doors[i], i);
  if (accepting_) start_accepting();
  loop_.defer(*this);
}

void Worker::open(const Door& door, size_t index) {
  std::unique_ptr<Inlet>& inlet = inlets_[door.number];
  if (inlet == nullptr) {
    inlet = std::make_unique<Inlet>();
    inlet->door = door;
    inlet->acceptor = std::make_unique<Acceptor>(
        loop_, *door.listener,
        [this, &inlet = *inlet](Accepted accepted) { take(inlet, std::move(accepted)); },
        [this] { exhausted(); });
  }
  inlet->site = site_;
  inlet->index = index;
}

// Its connections are served by the last site that knew it.
void Worker::close(Inlet& inlet) {
  inlet.acceptor->accept_waiting();
  inlet.close();
  for (const auto& connection : connections_) {
    if (&connection->inlet() == &inlet) connection->drain();
  }
}

// Told behind what instances have posted at their end.
void Worker::drop_old_sites() {
  std::erase_if(inlets_, [](const auto& entry) {
    return entry.second->acceptor == nullptr && entry.second->connections == 0;
  });
  std::erase_if(endings_, [](const auto& ending) { return ending->over(); });
  for (size_t i = 0; i < old_sites_.size();) {
    const auto& site = old_sites_[i].site;
    if (site.use_count() > 1 || site->site().exchanges > 0 || !site->end(this)) {
      ++i;
      continue;
    }
    OldSite ended = std::move(old_sites_[i]);
    old_sites_.erase(old_sites_.begin() + static_cast<std::ptrdiff_t>(i));
    ended.site.reset();
    loop_.post(std::move(ended.ended));
  }
}

// All of them, at the end of the loop: the last work of modules is waited for.
void Worker::end_sites() {
  for (auto* const site : {&next_site_, &site_}) {
    if (*site != nullptr) old_sites_.push_back({std::move(*site), [] {}});
  }
  for (drop_old_sites(); !old_sites_.empty() || !endings_.empty(); drop_old_sites()) {
    loop_.turn(Clock::duration::max());
  }
}

// ---- life

Clock::duration Worker::cpu_time() const {
  timespec used{};
  const clockid_t clock = cpu_clock_;
  if (clock == -1 || ::clock_gettime(clock, &used) != 0) return {};
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

void Worker::run(Serving serving, const std::function<void(const std::string&)>& started) {
  clockid_t clock = -1;
  if (::pthread_getcpuclockid(::pthread_self(), &clock) == 0) cpu_clock_ = clock;
  Host::enter(thread_);
  const std::string failure = make_site(std::move(serving));
  if (failure.empty()) {
    accepting_ = true;
    take_over();
  }
  started(failure);
  if (failure.empty()) {
    loop_.tick_each_second(*this);
    loop_.run();
  }
  for (const auto& [number, inlet] : inlets_) inlet->close();
  connections_.clear();
  // What was posted by now still finds the instances; later posts find that they have ended.
  loop_.turn(Clock::duration::zero());
  ended_.clear();
  inlets_.clear();
  Ticker::cancel();
  Timer::cancel();
  end_sites();
  serving_ = next_serving_ = {};
  Host::leave(thread_);
}

Exchange& Worker::create_exchange(const Inlet& inlet, ServerStream& stream,
                                  const weir_address& peer) {
  void* memory = nullptr;
  if (spare_exchanges_.empty()) {
    memory = ::operator new(sizeof(Exchange));
    bodies_.held().add(sizeof(Exchange));
  } else {
    memory = spare_exchanges_.back();
    spare_exchanges_.pop_back();
  }
  const LoopSite& site = *inlet.site;
  ++site.site().exchanges;
  LoopCounts::add(counts_.requests, 1);
  return *new (memory)
      Exchange({&site.site(), &site.listener(inlet.index), &stream, peer, unix_ms()});
}

void Worker::destroy_exchange(Exchange& exchange) {
  const SiteOnLoop& site = exchange.site();
  exchange.~Exchange();
  if (--site.exchanges == 0 && &site != &site_->site()) loop_.defer(*this);
  if (spare_exchanges_.size() < most_spare_exchanges) {
    spare_exchanges_.push_back(&exchange);
  } else {
    bodies_.held().remove(sizeof(Exchange));
    ::operator delete(&exchange);
  }
}

// Unix sockets have no address to count by, and a trusted proxy speaks for many clients.
bool Worker::counts(const weir_address& client) const {
  if (serving_.per_client == 0 || client.family < 4) return false;
  const auto& trusted = site_->site().trusted;
  return std::none_of(trusted.begin(), trusted.end(),
                      [&](const weir_cidr& range) { return contains(range, client); });
}

bool Worker::count_client(const weir_address& client, bool& counted) {
  counted = counts(client);
  if (!counted || clients_.add(client) <= serving_.per_client) return true;
  clients_.remove(client);
  counted = false;
  LoopCounts::add(counts_.clients_refused, 1);
  WEIR_LOG(WEIR_INFO, "closed a connection of ", to_string(client),
           ": it has limits.connections_per_client already");
  return false;
}

bool Worker::admit(Connection& connection) {
  return connection.counted || count_client(connection.peer(), connection.counted);
}

Connection& Worker::add(std::unique_ptr<Connection> connection) {
  connection->place = connections_.size();
  ++connection->inlet().connections;
  LoopCounts::add(counts_.accepted, 1);
  LoopCounts::add(counts_.connections, 1);
  connections_.push_back(std::move(connection));
  return *connections_.back();
}

void Worker::take(Inlet& inlet, Accepted accepted) {
  if (!Reserve::whole()) return;  // which closes it
  const weir_address client = accepted.peer.weir();
  const auto& plan = inlet.site->listener(inlet.index).transports;
  Lane lane{std::move(accepted.socket), nullptr};
  if (plan != nullptr) lane.transport = make_transport(plan, loop_, handles_);
  bool counted = false;
  const bool may_be_another = plan != nullptr && !lane.transport->knows_peer();
  if (!may_be_another && !count_client(client, counted)) return;
  ConnectionOwner& owner = *this;
  if (plan == nullptr) {
    auto made = std::make_unique<H1Server>(loop_, bodies_, owner, inlet, client);
    begin(std::move(made), counted, std::move(lane));
  } else {
    auto made = std::make_unique<Doorstep>(loop_, bodies_, owner, inlet, client);
    begin(std::move(made), counted, std::move(lane));
  }
  if (connections_.size() < serving_.connections || draining_) return;
  LoopCounts::add(counts_.full, 1);
  if (loop_.now() - told_full_ >= between_lines) {
    told_full_ = loop_.now();
    WEIR_LOG(WEIR_WARN, "worker ", options_.index, " has ", connections_.size(),
             " connections, all that limits.connections allows it; further ones wait");
  }
  stop_accepting();
}

template <class Kind>
void Worker::begin(std::unique_ptr<Kind> connection, bool counted, Lane lane) {
  Kind& opened = *connection;
  opened.counted = counted;
  add(std::move(connection));
  if (!opened.open(std::move(lane))) connection_ended(opened);
}

// One step of a handshake takes longer than most turns. Of each turn they get a few, and all that
// is ready has its turn in between.
void Worker::wants_step(Doorstep& doorstep) {
  if (!doorstep.ticket.linked()) stepping_.append(doorstep.ticket);
  loop_.defer(*this);
}

void Worker::step() {
  Doorstep::Ticket* const next = stepping_.take_first();
  if (next == nullptr) return;
  next->doorstep.step();
  if (!stepping_.empty()) loop_.defer(*this);
}

// Another takes the place of the doorstep.
void Worker::let_in(Doorstep& doorstep) {
  ConnectionOwner& owner = *this;
  auto made = std::make_unique<H1Server>(loop_, bodies_, owner, doorstep.inlet(), doorstep.peer());
  H1Server& opened = *made;
  opened.place = doorstep.place;
  opened.counted = std::exchange(doorstep.counted, false);
  ended_.push_back(std::exchange(connections_[doorstep.place], std::move(made)));
  loop_.defer(*this);
  if (!opened.open(doorstep.take())) return connection_ended(opened);
  if (draining(opened.inlet())) opened.drain();
}

void Worker::connection_ended(Connection& connection) {
  auto& place = connections_[connection.place];
  if (connection.counted) clients_.remove(connection.peer());
  --connection.inlet().connections;
  LoopCounts::add(counts_.connections, ~uint64_t{0});
  ended_.push_back(std::move(place));
  place = std::move(connections_.back());
  if (place != nullptr) place->place = connection.place;
  connections_.pop_back();
  loop_.defer(*this);
}

Clock::duration Worker::keep_alive() const {
  const bool nearly_full = connections_.size() * 10 > serving_.connections * 8;
  const bool is_short = nearly_full || relief_.step() >= Step::keep_alive;
  return is_short ? std::min(limits_.keep_alive, limits_.keep_alive_overload) : limits_.keep_alive;
}

bool Worker::may_accept() const {
  return !draining_ && connections_.size() < serving_.connections && relief_.step() < Step::pause;
}

void Worker::start_accepting() {
  accepting_ = true;
  for (const auto& [number, inlet] : inlets_) {
    if (inlet->acceptor == nullptr || inlet->acceptor->start()) continue;
    WEIR_LOG(WEIR_ERR, "the system refuses to watch the listener ",
             inlet->door.listener->address().to_string());
  }
}

void Worker::stop_accepting() {
  if (!std::exchange(accepting_, false)) return;
  for (const auto& [number, inlet] : inlets_) {
    if (inlet->acceptor != nullptr) inlet->acceptor->stop();
  }
}

void Worker::deferred() noexcept {
  step();
  if (!ended_.empty()) {
    ended_.clear();
    for (const auto& [number, inlet] : inlets_) {
      if (inlet->acceptor != nullptr) inlet->acceptor->look_again();
    }
  }
  drop_old_sites();
  if (!accepting_ && may_accept()) start_accepting();
  end_when_empty();
}

void Worker::tick() noexcept {
  for (const OldSite& old : old_sites_) old.site->flush();
  site_->flush();
  if (!Reserve::whole()) return;  // telling takes memory too
  if (const uint64_t failures = Reserve::failures(); failures > 0) {
    WEIR_LOG(WEIR_ERR, "out of memory ", failures,
             " times; new connections and requests were closed meanwhile");
  }
}

void Worker::drain(bool for_good, std::function<void()> closed) {
  loop_.post([this, for_good, closed = std::move(closed)]() mutable {
    tell_closed_ = std::move(closed);
    begin_drain(for_good);
  });
}

void Worker::begin_drain(bool for_good) {
  if (std::exchange(draining_, true)) return;
  for (const auto& connection : connections_) connection->drain();
  if (!for_good) return end_accepting();
  loop_.arm(*this, Listener::door_time);
}

void Worker::expired() noexcept { end_accepting(); }

// Who has reached the queue has been let in: those connections are served too.
void Worker::end_accepting() {
  for (const auto& [number, inlet] : inlets_) {
    if (inlet->acceptor != nullptr) inlet->acceptor->accept_waiting();
  }
  stop_accepting();
  for (const auto& [number, inlet] : inlets_) inlet->close();
  serving_.doors.clear();
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
    while (!connections_.empty()) connections_.back()->cut();
    loop_.stop();
  });
}

// Of which generation it keeps something.
uint64_t Worker::generation_of(const Connection& connection) {
  const Exchange* const exchange = connection.exchange();
  const SiteOnLoop& site = exchange != nullptr ? exchange->site() : connection.inlet().site->site();
  return site.generation;
}

void Worker::cut(uint64_t generation) {
  loop_.post([this, generation] {
    std::vector<Connection*> cut;
    for (const auto& connection : connections_) {
      if (generation_of(*connection) == generation) cut.push_back(connection.get());
    }
    for (Connection* const connection : cut) connection->cut();
    if (!cut.empty()) {
      WEIR_LOG(WEIR_WARN, "cut ", cut.size(), " exchanges of generation ", generation,
               ", which has had its time");
    }
  });
}

// ---- overload

void Worker::relieve(Step step, bool late) {
  const Step before = relief_.step();
  relief_.set(step, late);
  if (step != before) loop_.post([this, step, before] { act_on(step, before); });
}

void Worker::act_on(Step step, Step before) {
  if (step >= Step::keep_alive && before < Step::keep_alive) {
    for (const auto& connection : connections_) connection->rest_anew();
  }
  if (step >= Step::pause && !draining_) stop_accepting();
  if (step < Step::pause) loop_.defer(*this);
}

void Worker::allow(uint64_t more) {
  relief_.allow(more);
  if (!relief_.take_stopped()) return;
  loop_.post([this] {
    for (const auto& connection : connections_) connection->go_on();
  });
}

void Worker::free_memory(uint64_t bytes) {
  loop_.post([this, bytes] { cut_largest(bytes); });
}

void Worker::cut_largest(uint64_t bytes) {
  std::vector<std::pair<uint64_t, Connection*>> by_size;
  for (const auto& connection : connections_) {
    const uint64_t held = connection->held();
    if (held >= least_cut) by_size.emplace_back(held, connection.get());
  }
  std::sort(by_size.begin(), by_size.end(), std::greater<>());
  uint64_t freed = 0;
  size_t count = 0;
  for (; count < by_size.size() && freed < bytes; ++count) {
    freed += by_size[count].first;
    by_size[count].second->cut_for_memory();
  }
  if (count == 0) return;
  LoopCounts::add(counts_.reset, count);
  WEIR_LOG(WEIR_WARN, "overload: worker ", options_.index, " has reset its ", count,
           " largest exchanges, which held ", freed, " bytes");
}

// An acceptor pauses.
void Worker::exhausted() {
  LoopCounts::add(counts_.pauses, 1);
  if (loop_.now() - told_pause_ < between_lines) return;
  told_pause_ = loop_.now();
  WEIR_LOG(WEIR_WARN, "worker ", options_.index,
           " accepts nothing for now: the descriptors are nearly used up; raise the open file "
           "limit (ulimit -n)");
}

void Worker::describe(size_t most, std::function<void(std::vector<ConnectionView>)> told) {
  loop_.post([this, most, told = std::move(told)] {
    std::vector<ConnectionView> views;
    for (const auto& connection : connections_) {
      if (views.size() == most) break;
      const Inlet& inlet = connection->inlet();
      ConnectionView& view = views.emplace_back();
      view.peer = Address(connection->peer());
      view.listener = inlet.site->listener(inlet.index).name;
      view.requests = connection->requests();
      const Exchange* const exchange = connection->exchange();
      if (exchange == nullptr) continue;
      view.method = exchange->request().method;
      view.path = exchange->request().path;
      view.age = exchange->age();
      view.generation = exchange->site().generation;
    }
    told(std::move(views));
  });
}

void Worker::reopen_logs() {
  loop_.post([this] {
    for (const OldSite& old : old_sites_) old.site->reopen();
    if (site_ != nullptr) site_->reopen();
  });
}

}  // namespace weir
