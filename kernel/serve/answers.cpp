// SPDX-License-Identifier: Apache-2.0
#include "serve/answers.hpp"

#include "base/clock.hpp"
#include "chain/relief.hpp"
#include "event/loop.hpp"
#include "module/image.hpp"
#include "module/registry.hpp"
#include "net/address.hpp"
#include "serve/generation.hpp"
#include "serve/inlet.hpp"
#include "serve/overload.hpp"
#include "serve/overload_watch.hpp"
#include "serve/own_use.hpp"
#include "serve/worker.hpp"
#include "upstream/endpoint_set.hpp"
#include "upstream/upstream.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <sstream>
#include <string>

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <unistd.h>

namespace weir {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

std::string text(const Object& object) {
  std::ostringstream out;
  object.stringify(out);
  return out.str();
}

int64_t milliseconds(Clock::duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

Object generation_object(const Generation& generation, bool serves) {
  Object object;
  object.set("number", generation.number());
  object.set("serves", serves);
  object.set("routes", generation.model().routes.size());
  object.set("instances", generation.instances().all().size());
  return object;
}

Array generations(const ProcessView& process) {
  Array list;
  for (const auto& former : process.former) list.add(generation_object(*former, false));
  list.add(generation_object(process.generation, true));
  return list;
}

Object worker_object(const Worker& worker) {
  const LoopCounts& counts = worker.counts();
  const LoopUse& use = worker.use();
  Object object;
  object.set("connections", counts.connections.load());
  object.set("accepted", counts.accepted.load());
  object.set("requests", counts.requests.load());
  object.set("turns", use.turns.load());
  object.set("busy_ms", use.busy.load() / 1'000'000);
  object.set("longest_turn_us", use.longest.load() / 1'000);
  return object;
}

Object upstream_object(const Upstream& upstream) {
  Object object;
  object.set("name", upstream.options().name);
  Array endpoints;
  if (const auto set = upstream.current(); set != nullptr) {
    for (size_t i = 0; i < set->size(); ++i) {
      Object endpoint;
      endpoint.set("address", (*set)[i].text);
      endpoint.set("weight", (*set)[i].weight);
      endpoint.set("in_flight", set->in_flight(i).load());
      endpoints.add(endpoint);
    }
  }
  object.set("endpoints", endpoints);
  return object;
}

Object overload_object(const ProcessView& process) {
  const OverloadView& overload = process.overload;
  uint64_t shed = 0;
  uint64_t full = 0;
  uint64_t clients_refused = 0;
  uint64_t pauses = 0;
  uint64_t reset = 0;
  for (const auto& worker : process.workers) {
    const LoopCounts& counts = worker->counts();
    shed += worker->turned_away();
    full += counts.full.load();
    clients_refused += counts.clients_refused.load();
    pauses += counts.pauses.load();
    reset += counts.reset.load();
  }
  Object entered;
  for (size_t i = 1; i < overload.entered.size(); ++i) {
    entered.set(std::string(step_name(static_cast<Step>(i))), overload.entered[i]);
  }
  Object object;
  object.set("step", std::string(step_name(overload.step)));
  object.set("entered", entered);
  object.set("late_workers", overload.late);
  object.set("times_late", overload.times_late);
  object.set("memory_budget", overload.pressure.budget);
  object.set("resident_bytes", overload.pressure.resident);
  object.set("accounted_bytes", overload.pressure.accounted);
  object.set("open_files", overload.pressure.descriptors);
  object.set("open_file_limit", overload.pressure.descriptor_limit);
  object.set("waiting_tasks", overload.pressure.tasks);
  object.set("requests_shed", shed);
  object.set("connections_full", full);
  object.set("clients_refused", clients_refused);
  object.set("accept_pauses", pauses);
  object.set("exchanges_reset", reset);
  return object;
}

}  // namespace

std::string status_json(const ProcessView& process) {
  Object object;
  object.set("pid", ::getpid());
  object.set("version", WEIR_VERSION);
  const auto age = std::chrono::system_clock::now() - process.began;
  object.set("age_s", std::chrono::duration_cast<std::chrono::seconds>(age).count());
  object.set("state", process.draining ? "draining" : "serving");
  object.set("reloads", process.reloads);
  object.set("refused_reloads", process.refused_reloads);
  object.set("resident_bytes", resident_bytes());
  object.set("open_files", open_files());
  object.set("overload", overload_object(process));
  object.set("generations", generations(process));
  Array listeners;
  for (const Door& door : process.doors) {
    if (door.listener != nullptr) listeners.add(door.listener->address().to_string());
  }
  object.set("listeners", listeners);
  Array workers;
  for (const auto& worker : process.workers) workers.add(worker_object(*worker));
  object.set("workers", workers);
  Array upstreams;
  for (const auto& upstream : process.generation.upstreams()) {
    upstreams.add(upstream_object(*upstream));
  }
  object.set("upstreams", upstreams);
  return text(object);
}

std::string modules_json(const Generation& generation) {
  Array list;
  for (const auto& [name, image] : generation.registry().modules()) {
    Object object;
    object.set("name", name);
    object.set("version", std::string(image->module().version));
    object.set("path", image->path());
    object.set("sha256", image->sha256());
    list.add(object);
  }
  Object object;
  object.set("pid", ::getpid());
  object.set("modules", list);
  return text(object);
}

std::string connections_json(std::span<const ConnectionView> connections) {
  Array list;
  for (const ConnectionView& view : connections) {
    Object object;
    object.set("peer", view.peer.to_string());
    object.set("listener", view.listener);
    object.set("requests", view.requests);
    if (!view.method.empty()) {
      object.set("method", view.method);
      object.set("path", view.path);
      object.set("age_ms", milliseconds(view.age));
      object.set("generation", view.generation);
    }
    list.add(object);
  }
  Object object;
  object.set("pid", ::getpid());
  object.set("connections", list);
  return text(object);
}

}  // namespace weir
