// SPDX-License-Identifier: Apache-2.0
//
// What a generation looks like to one loop: instances with their per-loop state, chains as flat
// arrays, routes with where they lead.
//
// Built once per generation and loop, read by every exchange, never changed. An exchange keeps the
// site it began on, so a newer generation does not touch it.
//
// Thread: built on the loop, used there.
#pragma once

#include <weir/module.h>

#include "base/body.hpp"
#include "base/list.hpp"
#include "chain/handles.hpp"
#include "chain/relief.hpp"
#include "crash/mark.hpp"
#include "event/loop.hpp"
#include "event/tasks.hpp"
#include "http/h1_writer.hpp"
#include "http/head.hpp"
#include "http/names.hpp"
#include "upstream/upstream.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

class Exchange;

// What ends with its owner (an exchange, an instance on a loop): timers and tasks of modules.
class Dependent : public Link {
 public:
  explicit Dependent(weir_ref its_owner) : owner(its_owner) {}
  virtual void owner_ended() noexcept = 0;  // may destroy this

  const weir_ref owner;

 protected:
  ~Dependent() = default;
};

// An instance of a component with what it keeps on this loop.
struct InstanceOnLoop {
  const weir_component* component = nullptr;
  const Callee* callee = nullptr;
  std::string_view name;  // as in the file
  void* instance = nullptr;
  void* state = nullptr;
  uint64_t* cells = nullptr;
  weir_ref ref = 0;
  bool fails_open = false;
  Clock::duration wait_timeout{};
  mutable List<Dependent> dependents;
  mutable size_t tasks = 0;           // of its module, taken by the pool and not done
  mutable Deferred* waits = nullptr;  // for the last of them
};

template <class Ops>
struct Use {  // one place where an instance is used
  const Ops* ops = nullptr;
  const InstanceOnLoop* owner = nullptr;
  const void* conf = nullptr;
};
using FilterUse = Use<weir_http_filter>;
using HandlerUse = Use<weir_handler>;
using ObserverUse = Use<weir_observer>;

// One transport of a listener or an upstream. Connections keep it, and so the instance, alive.
struct TransportUse {
  const weir_transport* ops = nullptr;
  std::shared_ptr<const InstanceOnLoop> owner;
  const void* conf = nullptr;
};

struct Transports {
  uint32_t side = WEIR_ACCEPTED;
  std::vector<TransportUse> uses;   // the first stands on the socket
  std::vector<weir_str> protocols;  // for ALPN, best first; constant texts
  bool encrypts = false;
  bool per_exchange = false;
};

struct ChainOnLoop {
  std::vector<FilterUse> filters;
  HandlerUse handler;  // ops == nullptr: none
};

struct RouteOnLoop {
  std::string_view name;
  ChainOnLoop chain;
  LoopUpstream* upstream = nullptr;
  uint64_t max_body = 0;
  Clock::duration timeout{};  // until the response's head; 0: the upstream's
  bool websocket = true;
  bool encoded_slash = false;
  bool serves_always = false;      // overloaded or not
  std::vector<uint32_t> trailers;  // ids of fields that may follow a body
};

struct ListenerOnLoop {
  std::string_view name;
  uint32_t index = 0;
  std::shared_ptr<const Transports> transports;  // nullptr: none
  uint64_t max_body = UINT64_MAX;
  std::string pseudonym;  // in Via, and against loops
  std::string via;        // the whole entry
  ChainOnLoop chain;
};

struct PathParameter {
  std::string_view name, value;
};

// Finds the route of a request; stands above this floor.
class RouteFinder {
 public:
  static constexpr size_t most_parameters = 16;
  struct Found {
    const RouteOnLoop* route = nullptr;
    std::array<PathParameter, most_parameters> parameters;
    size_t count = 0;
  };
  virtual void find(const Exchange& exchange, Found& found) const = 0;

 protected:
  ~RouteFinder() = default;
};

// Bounds of one exchange; the presets are those of the limits page.
struct ExchangeLimits {
  uint64_t body_in = 64 * 1024;          // held on the way to the endpoint
  uint64_t body_out = 256 * 1024;        // held on the way to the client
  uint64_t buffered_body = 1024 * 1024;  // most that a module may have as a whole
  size_t memory = 1024 * 1024;           // bodies apart
  uint32_t interim_responses = 8;
  uint32_t reroutes = 5;
};

struct SiteOnLoop {
  SiteOnLoop(Loop& its_loop, BodyPool& pool, Handles& refs, Tasks& blocking, const Names& ids,
             HttpDate& now, Relief& its_relief)
      : loop(its_loop),
        bodies(pool),
        handles(refs),
        tasks(blocking),
        names(ids),
        date(now),
        relief(its_relief) {}

  Loop& loop;
  BodyPool& bodies;
  Handles& handles;
  Tasks& tasks;
  const Names& names;
  HttpDate& date;
  Relief& relief;
  ExchangeLimits limits;
  const RouteFinder* routes = nullptr;
  std::vector<ObserverUse> observers;
  std::vector<uint32_t> identity;              // fields that only a module may set
  std::vector<weir_cidr> trusted;              // peers whose forwarding fields are believed
  uint64_t generation = 0;                     // its number
  const std::atomic<bool>* leaving = nullptr;  // the process is about to end
  mutable size_t exchanges = 0;                // that run on it

  bool draining() const { return leaving != nullptr && leaving->load(std::memory_order_relaxed); }
};

}  // namespace weir
