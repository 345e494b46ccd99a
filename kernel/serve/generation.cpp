// SPDX-License-Identifier: Apache-2.0
#include "serve/generation.hpp"

#include <weir/module.h>

#include "conf/file.hpp"
#include "conf/model.hpp"
#include "conf/place.hpp"
#include "conf/report.hpp"
#include "http/limits.hpp"
#include "http/names.hpp"
#include "module/registry.hpp"
#include "serve/instances.hpp"
#include "serve/router.hpp"
#include "serve/stand_in.hpp"
#include "upstream/endpoint_set.hpp"
#include "upstream/upstream.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {
namespace {

// A filter's place in its exchange is one byte of a ref, and an exchange passes two chains.
constexpr size_t longest_chain = 120;

UpstreamOptions options_of(const conf::Upstream& upstream, const conf::Server& server) {
  UpstreamOptions options;
  options.name = upstream.name;
  if (upstream.host == conf::Upstream::Host::fixed) options.host = upstream.fixed_host;
  options.host_of_endpoint = upstream.host == conf::Upstream::Host::endpoint;
  options.timeouts = {upstream.connect,      upstream.first_byte,    upstream.read,
                      server.timeouts.write, server.timeouts.tunnel, upstream.idle_timeout};
  options.max_idle = upstream.max_idle;
  options.max_requests = upstream.max_requests == 0 ? UINT64_MAX : upstream.max_requests;
  options.response_limits = {.line = response_limits.line,
                             .field = server.limits.response_header,
                             .total = server.limits.response_header,
                             .fields = static_cast<size_t>(server.limits.response_header_count)};
  return options;
}

bool answers(const Chain& chain) {
  return chain.handler.instance != nullptr ||
         std::any_of(chain.filters.begin(), chain.filters.end(), [](const InstanceUse& use) {
           return (use.instance->component->table.flags & WEIR_ANSWERS) != 0;
         });
}

// A place in the list that did not become a use was reported already.
bool is_whole(const Chain& chain, const std::vector<conf::Use>& uses) {
  return chain.filters.size() + (chain.handler.instance != nullptr ? 1 : 0) == uses.size();
}

}  // namespace

Generation::Generation(conf::Document document, conf::Model model, Images& images)
    : document_(std::move(document)),
      model_(std::move(model)),
      registry_(images, module_folders()) {}

std::unique_ptr<Generation> Generation::build(conf::Document document, Images& images, Names& names,
                                              conf::Report& report, const Generation* previous) {
  auto model = conf::read_model(document, report);
  if (!model) return nullptr;
  std::unique_ptr<Generation> made(new Generation(std::move(document), std::move(*model), images));
  if (previous != nullptr) made->number_ = previous->number_ + 1;
  made->load_modules(report);
  made->instances_ =
      std::make_unique<Instances>(made->model_, made->registry_, names, report,
                                  previous == nullptr ? nullptr : previous->instances_.get());
  made->make_chains(report);
  made->make_upstreams(previous);
  made->make_router(names, report);
  return made;
}

void Generation::load_modules(conf::Report& report) {
  for (const conf::ModuleEntry& entry : model_.modules) {
    const auto loaded = registry_.load({entry.name, entry.path, entry.sha256});
    if (!loaded) report.error(entry.place, loaded.error().text, loaded.error().hint);
  }
}

Chain Generation::make_chain(const std::vector<conf::Use>& uses, conf::Report& report) {
  Chain chain;
  for (const conf::Use& use : uses) {
    if (chain.handler.instance != nullptr) {
      report.error(use.place,
                   "'" + use.name + "' is never reached: '" + chain.handler.instance->name +
                       "' before it makes the response",
                   "move the handler to the end of the list");
      continue;
    }
    const InstanceUse made = instances_->chain_use(use);
    if (made.instance == nullptr) continue;
    if (made.is_handler()) {
      chain.handler = made;
    } else {
      chain.filters.push_back(made);
    }
  }
  if (chain.filters.size() > longest_chain) {
    report.error(uses.front().place, "more than 120 filters in one list");
  }
  return chain;
}

void Generation::make_chains(conf::Report& report) {
  for (const conf::Listener& listener : model_.listeners) {
    listener_transports_.push_back(instances_->transports(listener));
    listener_chains_.push_back(make_chain(listener.filters, report));
  }
  for (const conf::Route& route : model_.routes) {
    Chain chain = make_chain(route.filters, report);
    const bool has_target = route.upstream != conf::no_upstream;
    if (has_target && chain.handler.instance != nullptr) {
      report.error(route.place,
                   "the route has both `to` and the handler '" + chain.handler.instance->name +
                       "': only one of them can answer",
                   "remove one");
    }
    if (!route.has_to && !answers(chain) && is_whole(chain, route.filters)) {
      report.error(route.place, "the route leads nowhere: it has no `to`, and no filter answers",
                   "add to = \"http://127.0.0.1:9001\", or a handler at the end of filters");
    }
    route_chains_.push_back(std::move(chain));
  }
}

// An upstream that keeps its options keeps its connections and counters, though it may get other
// endpoints.
void Generation::make_upstreams(const Generation* previous) {
  std::map<std::string_view, std::shared_ptr<Upstream>> former;
  if (previous != nullptr) {
    for (const auto& upstream : previous->upstreams_) former[upstream->options().name] = upstream;
  }
  for (const conf::Upstream& upstream : model_.upstreams) {
    Balancer balancer;
    if (upstream.balancer) {
      const InstanceUse use = instances_->balancer(*upstream.balancer, upstream.name);
      if (use.instance != nullptr) {
        const bool calls = !use.instance->quarantined();
        balancer = {
            calls ? &use.instance->component->as<weir_balancer>() : &stand_in<weir_balancer>(),
            use.instance->handle, use.instance->callee};
      }
    }
    upstream_transports_.push_back(instances_->transports(upstream));
    UpstreamOptions options = options_of(upstream, model_.server);
    for (const InstanceUse& use : upstream_transports_.back()) {
      options.transports.push_back(use.instance);
    }
    const auto known = former.find(options.name);
    const bool same = known != former.end() && known->second->options() == options &&
                      known->second->balancer() == balancer;
    upstreams_.push_back(same ? known->second : std::make_shared<Upstream>(options, balancer));
  }
}

void Generation::make_router(Names& names, conf::Report& report) {
  for (const conf::Route& route : model_.routes) {
    for (const std::string& name : route.trailers) names.intern(name);
  }
  auto built = Router::build(model_.routes, model_.listeners, names);
  for (const RouteConflict& conflict : built.conflicts) {
    // What is known to be wrong is not judged a second time.
    if (!model_.routes[conflict.first].sound || !model_.routes[conflict.second].sound) continue;
    const conf::Place& first = model_.routes[conflict.first].place;
    if (conflict.first == conflict.second) {
      report.error(first, conflict.text);
    } else {
      report.conflict(first, conflict.text, model_.routes[conflict.second].place,
                      "the other route");
    }
  }
  router_ = std::move(built.router);
}

}  // namespace weir
