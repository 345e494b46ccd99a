// SPDX-License-Identifier: Apache-2.0
#include "serve/loop_site.hpp"

#include <weir/module.h>

#include "base/list.hpp"
#include "chain/exchange.hpp"
#include "chain/handles.hpp"
#include "chain/site.hpp"
#include "chain/transports.hpp"
#include "conf/limits.hpp"
#include "conf/model.hpp"
#include "crash/mark.hpp"
#include "event/loop.hpp"
#include "http/head.hpp"
#include "net/transport.hpp"
#include "serve/generation.hpp"
#include "serve/instances.hpp"
#include "serve/route_conditions.hpp"
#include "serve/router.hpp"
#include "serve/stand_in.hpp"
#include "upstream/upstream.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace weir {

LoopSite::LoopSite(std::shared_ptr<Generation> generation, const LoopParts& parts,
                   std::string_view pseudonym, const LoopSite* previous, Purpose purpose)
    : generation_(std::move(generation)),
      site_(parts.loop, parts.bodies, parts.handles, parts.tasks, parts.names, parts.date,
            parts.relief) {
  const conf::Model& model = generation_->model();
  const bool dry = purpose == Purpose::dry;
  for (const auto& instance : generation_->instances().all()) {
    const bool observes = std::holds_alternative<weir_observer>(instance->component->ops);
    if (!dry || !observes) add_instance(instance, parts, previous);
  }
  for (size_t i = 0; i < generation_->upstreams().size(); ++i) {
    if (dry) {
      upstreams_.push_back(nullptr);
    } else {
      add_upstream(i, parts, previous);
    }
  }
  for (const InstanceUse& use : generation_->instances().observers()) {
    if (!dry && !use.instance->quarantined()) {
      site_.observers.push_back(use_of<weir_observer>(use));
    }
  }
  add_listeners(pseudonym);
  add_routes(parts.names);
  const conf::Limits& limits = model.server.limits;
  site_.limits = {limits.body_in,
                  limits.body_out,
                  limits.buffered_body,
                  limits.exchange_memory,
                  static_cast<uint32_t>(limits.interim_responses),
                  static_cast<uint32_t>(limits.reroutes)};
  site_.trusted = model.server.trusted_proxies;
  site_.generation = generation_->number();
  site_.leaving = parts.leaving;
  const RouteFinder& finder = *this;
  site_.routes = &finder;
}

LoopSite::~LoopSite() {
  // Connections before what stands on them.
  by_upstream_.clear();
  listeners_.clear();
  by_instance_.clear();
  // What began last ends first, since it may have been given something of one before it.
  while (!instances_.empty()) instances_.pop_back();
}

bool LoopSite::end(Deferred* waits) {
  if (!std::exchange(ending_, true)) flush();
  // What connections still hold goes on with them.
  by_upstream_.clear();
  listeners_.clear();
  by_instance_.clear();
  bool idle = true;
  // What began last ends first.
  for (const auto& instance : std::views::reverse(instances_)) {
    if (instance.use_count() > 1) continue;  // another site goes on with it
    instance->take_no_more();
    instance->view.waits = waits;
    idle = idle && instance->view.tasks == 0;
  }
  return idle;
}

void LoopSite::OnLoop::take_no_more() {
  handles.remove(view.ref);
  while (Dependent* const dependent = view.dependents.take_first()) dependent->owner_ended();
}

LoopSite::OnLoop::~OnLoop() {
  // First of all: what still comes finds that the owner has ended.
  take_no_more();
  const weir_component& component = *view.component;
  if (started && component.worker_stop != nullptr) {
    call_module({view.callee, "worker_stop"}, component.worker_stop, view.instance, view.state);
  }
  if (retire) retire(std::move(instance));
}

// Counts go on where an instance is replaced by one that counts the same.
std::shared_ptr<std::vector<uint64_t>> LoopSite::cells_for(const Instance& instance) const {
  std::shared_ptr<std::vector<uint64_t>> cells;
  for (const auto& [known, on_loop] : by_instance_) {
    if (known->name != instance.name || known->component != instance.component ||
        known->metrics != instance.metrics) {
      continue;
    }
    if (cells != nullptr) return nullptr;  // two of the same name
    cells = on_loop->cells;
  }
  return cells;
}

// The last who uses it may be a connection, long after its site.
std::shared_ptr<LoopSite::OnLoop> LoopSite::make_on_loop(const LoopParts& parts) {
  const auto let_go = [endings = parts.endings, waits = parts.waits](OnLoop* instance) {
    std::unique_ptr<OnLoop> owned(instance);
    if (instance->over() || endings == nullptr) return;
    instance->take_no_more();
    instance->view.waits = waits;
    endings->push_back(std::move(owned));
  };
  return {new OnLoop(parts.handles), let_go};
}

void LoopSite::add_instance(const std::shared_ptr<const Instance>& shared, const LoopParts& parts,
                            const LoopSite* previous) {
  const Instance& instance = *shared;
  const char* const* name = instance.component->table.identity;
  for (; name != nullptr && *name != nullptr; ++name) {
    site_.identity.push_back(parts.names.find(*name));
  }
  if (previous != nullptr) {
    const auto kept = previous->by_instance_.find(&instance);
    if (kept != previous->by_instance_.end()) {
      instances_.push_back(kept->second);
      by_instance_[&instance] = kept->second;
      return;
    }
  }
  const auto made = make_on_loop(parts);
  made->instance = shared;
  made->retire = parts.retire;
  instances_.push_back(made);
  by_instance_[&instance] = made;
  const weir_component& component = instance.component->table;
  if (previous != nullptr) made->cells = previous->cells_for(instance);
  if (made->cells == nullptr) {
    made->cells = std::make_shared<std::vector<uint64_t>>(instance.metrics.size());
  }
  InstanceOnLoop& view = made->view;
  view.component = &component;
  view.callee = instance.callee;
  view.name = instance.name;
  view.instance = instance.handle;
  view.cells = made->cells->data();
  view.fails_open = instance.fails_open;
  view.wait_timeout = instance.wait_timeout;
  view.ref = parts.handles.add(HandleKind::instance, &view);
  if (view.ref == 0) failure_ = "no ref is left for an instance";
  made->quarantined = instance.quarantined();
  if (component.worker_start == nullptr || made->quarantined || !failure_.empty()) return;
  const uint32_t index = parts.loops == 1 ? 0 : parts.loop.index();  // a dry run has one of its own
  made->worker = {sizeof(weir_worker), index, parts.loops, view.ref, view.cells};
  made->started = call_module({view.callee, "worker_start"}, WEIR_ERROR, component.worker_start,
                              view.instance, &made->worker, &view.state) == WEIR_OK;
  if (made->started) return;
  failure_ = std::string(component.name) + " \"" + instance.name + "\" could not start on worker " +
             std::to_string(made->worker.index) + "; what it logged before may say why";
}

// nullptr: there are none.
std::shared_ptr<const Transports> LoopSite::transports_of(const std::vector<InstanceUse>& uses,
                                                          uint32_t side) const {
  if (uses.empty()) return nullptr;
  static constexpr std::string_view http11 = "http/1.1";
  auto made = std::make_shared<Transports>();
  made->side = side;
  made->protocols = {{http11.data(), http11.size()}};
  for (const InstanceUse& use : uses) {
    const std::shared_ptr<OnLoop>& owner = by_instance_.at(use.instance);
    const uint32_t flags = use.instance->component->table.flags;
    const bool calls = !use.instance->quarantined();
    made->uses.push_back(
        {calls ? &use.instance->component->as<weir_transport>() : &stand_in<weir_transport>(),
         {owner, &owner->view},
         use.conf});
    made->encrypts = made->encrypts || (flags & WEIR_ENCRYPTS) != 0;
    made->per_exchange = made->per_exchange || (flags & WEIR_PER_EXCHANGE) != 0;
  }
  return made;
}

void LoopSite::add_upstream(size_t index, const LoopParts& parts, const LoopSite* previous) {
  Upstream& upstream = *generation_->upstreams()[index];
  std::shared_ptr<LoopUpstream>& on_loop = by_upstream_[&upstream];
  if (on_loop == nullptr && previous != nullptr) {
    const auto kept = previous->by_upstream_.find(&upstream);
    if (kept != previous->by_upstream_.end()) on_loop = kept->second;
  }
  if (on_loop == nullptr) {
    const auto plan = transports_of(generation_->upstream_transports(index), WEIR_CONNECTED);
    std::unique_ptr<const TransportMaker> transports;
    if (plan != nullptr) {
      transports = std::make_unique<UpstreamTransports>(plan, parts.loop, parts.handles);
    }
    on_loop =
        std::make_shared<LoopUpstream>(upstream, parts.loop, parts.bodies, std::move(transports));
  }
  upstreams_.push_back(on_loop.get());
}

template <class Ops>
Use<Ops> LoopSite::use_of(const InstanceUse& use) const {
  return {&use.instance->component->as<Ops>(), &by_instance_.at(use.instance)->view, use.conf};
}

ChainOnLoop LoopSite::chain_of(const Chain& chain) const {
  ChainOnLoop made;
  for (const InstanceUse& use : chain.filters) {
    const bool quarantined = use.instance->quarantined();
    if (quarantined && use.instance->fails_open) continue;
    made.filters.push_back(use_of<weir_http_filter>(use));
    if (quarantined) made.filters.back().ops = &stand_in<weir_http_filter>();
  }
  if (chain.handler.instance == nullptr) return made;
  made.handler = use_of<weir_handler>(chain.handler);
  if (chain.handler.instance->quarantined()) made.handler.ops = &stand_in<weir_handler>();
  return made;
}

void LoopSite::add_listeners(std::string_view pseudonym) {
  const conf::Model& model = generation_->model();
  for (size_t i = 0; i < model.listeners.size(); ++i) {
    ListenerOnLoop& made = listeners_.emplace_back();
    made.name = model.listeners[i].name;
    made.index = static_cast<uint32_t>(i);
    made.max_body = model.server.limits.body;
    // One listener may pass a request to another of the same process; to itself is a loop.
    made.pseudonym = std::string(pseudonym) + "-" + std::to_string(i);
    made.via = "1.1 " + made.pseudonym;
    made.transports = transports_of(generation_->listener_transports(i), WEIR_ACCEPTED);
    made.chain = chain_of(generation_->listener_chain(i));
  }
}

void LoopSite::add_routes(const Names& names) {
  const conf::Model& model = generation_->model();
  routes_.reserve(model.routes.size());
  for (size_t i = 0; i < model.routes.size(); ++i) {
    const conf::Route& route = model.routes[i];
    RouteOnLoop& made = routes_.emplace_back();
    made.name = route.name;
    made.chain = chain_of(generation_->route_chain(i));
    if (route.upstream != conf::no_upstream) made.upstream = upstreams_[route.upstream];
    made.max_body = route.max_body.value_or(model.server.limits.body);
    made.timeout = route.timeout.value_or(conf::Duration{});
    made.websocket = route.websocket;
    made.encoded_slash = route.encoded_slash;
    made.serves_always = route.serves_always;
    for (const std::string& name : route.trailers) made.trailers.push_back(names.find(name));
  }
}

void LoopSite::find(const Exchange& exchange, Found& found) const {
  const RequestHead& request = exchange.request();
  const RouteQuery query{
      exchange.listener().index, request.host,   request.path, request.method, request.query,
      &request.fields,           exchange.client};
  RouteMatch match;
  if (!generation_->router().match(query, match)) return;
  found.route = &routes_[match.route];
  found.count = std::min(match.names.size(), found.parameters.size());
  for (size_t i = 0; i < found.count; ++i) found.parameters[i] = {match.names[i], match.values[i]};
}

void LoopSite::flush() {
  for (const auto& instance : instances_) {
    for (const ObserverUse& use : site_.observers) {
      const bool flushes = use.owner == &instance->view && instance->runs() &&
                           WEIR_HAS(weir_observer, use.ops, flush);
      if (!flushes) continue;
      call_module({use.owner->callee, "flush"}, use.ops->flush, instance->view.instance,
                  instance->view.state);
    }
  }
}

void LoopSite::reopen() {
  for (const auto& instance : instances_) {
    const InstanceOnLoop& view = instance->view;
    const auto reopen = view.component->reopen;
    if (reopen == nullptr || !instance->runs()) continue;
    call_module({view.callee, "reopen"}, reopen, view.instance, view.state);
  }
}

void LoopSite::close_idle() {
  for (const auto& [upstream, on_loop] : by_upstream_) on_loop->close_idle();
}

}  // namespace weir
