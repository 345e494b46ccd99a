// SPDX-License-Identifier: Apache-2.0
#include "serve/dry_run.hpp"

#include <weir/module.h>

#include "base/body.hpp"
#include "base/clock.hpp"
#include "chain/chain.hpp"
#include "chain/exchange.hpp"
#include "chain/site.hpp"
#include "conf/model.hpp"
#include "crash/mark.hpp"
#include "host/host.hpp"
#include "http/h1_reader.hpp"
#include "http/head.hpp"
#include "http/limits.hpp"
#include "http/names.hpp"
#include "http/stream.hpp"
#include "serve/loop_site.hpp"
#include "serve/route_conditions.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {
namespace {

constexpr unsigned dry_index = 254;  // of the loop, among refs

// Takes what an exchange sends and keeps the final head.
class Recorder final : public ServerStream {
 public:
  explicit Recorder(const ListenerOnLoop& listener)
      : encrypted_(listener.transports != nullptr && listener.transports->encrypts) {}

  bool encrypted() const override { return encrypted_; }
  void send_interim(const ResponseHead&) override {}
  void send_response(const ResponseHead& head) override {
    status = head.status;
    for (const weir_field& row : head.fields.rows()) {
      fields.emplace_back(as_view(row.name), as_view(row.value));
    }
  }
  void send_body(Body& from, bool) override { from.drop(from.length()); }
  void set_trailers(const Fields&) override {}
  void flush() override {}
  void pull() override {}
  void become_tunnel() override {}
  uint64_t backlog() const override { return 0; }
  void let_go() override {}
  void abort() override {}

  uint32_t status = 0;
  std::vector<std::pair<std::string, std::string>> fields;

 private:
  bool encrypted_;
};

std::string head_text(const DryRequest& request) {
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\n";
  text += "Host: " + request.authority + "\r\n";
  for (const auto& [name, value] : request.headers) {
    text.append(name).append(": ").append(value).append("\r\n");
  }
  return text + "\r\n";
}

void say(void* to, weir_str text) {
  auto& words = *static_cast<std::string*>(to);
  if (!words.empty()) words += "; ";
  words.append(text.p, text.n);
}

// A use of a component whose `request` asks for its words first. `ops` comes first, since a pointer
// to it is all that the exchange knows.
template <class Ops>
struct Listening {
  Ops ops;
  Use<Ops> real;
  DryResult* result;
};

template <class Ops>
DryFilter words_of(const weir_call* call, const Use<Ops>& use) {
  DryFilter words{std::string(use.owner->name), use.owner->component->name, {}};
  if (WEIR_HAS(Ops, use.ops, explain)) {
    call_module({use.owner->callee, "explain", call->tx}, use.ops->explain, call, &words.says, say);
  }
  return words;
}

uint32_t filter_request(const weir_call* call) {
  const Exchange& exchange = exchange_of(call->tx);
  const weir_http_filter* const ops = exchange.entered_use(exchange.entered() - 1).ops;
  const auto& use = *reinterpret_cast<const Listening<weir_http_filter>*>(ops);
  use.result->filters.push_back(words_of(call, use.real));
  return WEIR_HAS(weir_http_filter, use.real.ops, request) ? use.real.ops->request(call)
                                                           : uint32_t{WEIR_NEXT};
}

uint32_t handler_request(const weir_call* call) {
  const weir_handler* const ops = exchange_of(call->tx).handler()->ops;
  const auto& use = *reinterpret_cast<const Listening<weir_handler>*>(ops);
  use.result->handler = words_of(call, use.real);
  return use.real.ops->request(call);
}

RouteQuery query_of(const Exchange& exchange) {
  const RequestHead& request = exchange.request();
  return {exchange.listener().index, request.host,   request.path, request.method, request.query,
          &request.fields,           exchange.client};
}

// The site of one dry run: as the real one, with all uses listening.
class Rehearsal final : private RouteFinder {
 public:
  Rehearsal(const LoopSite& site, size_t listener, DryResult& result)
      : real_(site),
        router_(site.generation().router()),
        result_(result),
        site_(site.site()),
        listener_(site.listener(listener)),
        routes_(site.generation().model().routes.size()) {
    site_.routes = this;
    listener_.chain = listening(listener_.chain);
  }

  const SiteOnLoop& site() const { return site_; }
  const ListenerOnLoop& listener() const { return listener_; }

 private:
  void find(const Exchange& exchange, Found& found) const override {
    result_.routed = exchange.request().path;
    result_.trials = router_.explain(query_of(exchange));
    result_.route = DryResult::no_route;
    // A filter may have it looked for anew; the filters of the old route have ended then.
    const size_t kept = std::min(result_.filters.size(), listener_.chain.filters.size());
    result_.filters.resize(kept);
    real_.site().routes->find(exchange, found);
    if (found.route == nullptr) return;
    result_.route = real_.index_of(*found.route);
    auto& route = routes_[result_.route];
    if (route == nullptr) {
      route = std::make_unique<RouteOnLoop>(*found.route);
      route->chain = listening(route->chain);
    }
    found.route = route.get();
  }

  template <class Ops>
  Use<Ops> listening(std::deque<Listening<Ops>>& all, const Use<Ops>& real,
                     uint32_t (*request)(const weir_call*)) const {
    Listening<Ops>& made = all.emplace_back(Listening<Ops>{*real.ops, real, &result_});
    made.ops.request = request;
    return {&made.ops, real.owner, real.conf};
  }

  ChainOnLoop listening(const ChainOnLoop& chain) const {
    ChainOnLoop made;
    for (const FilterUse& use : chain.filters) {
      made.filters.push_back(listening(filters_, use, filter_request));
    }
    if (chain.handler.ops != nullptr) {
      made.handler = listening(handlers_, chain.handler, handler_request);
    }
    return made;
  }

  const LoopSite& real_;
  const Router& router_;
  DryResult& result_;
  SiteOnLoop site_;
  ListenerOnLoop listener_;
  // Grow while the exchange runs, which sees a RouteFinder as constant.
  mutable std::deque<Listening<weir_http_filter>> filters_;
  mutable std::deque<Listening<weir_handler>> handlers_;
  mutable std::vector<std::unique_ptr<RouteOnLoop>> routes_;  // by index
};

int64_t unix_ms() {
  using std::chrono::duration_cast;
  return duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

DryRun::DryRun(std::shared_ptr<Generation> generation, Names& names)
    : generation_(std::move(generation)),
      names_(names),
      loop_(dry_index),
      handles_(dry_index),
      tasks_(1, 16),
      thread_{loop_, handles_, tasks_},
      former_(Host::current()) {
  Host::enter(thread_);
  const LoopParts parts{loop_,   bodies_, handles_, tasks_, names_,  date_,
                        relief_, 1,       nullptr,  {},     nullptr, nullptr};
  site_ =
      std::make_unique<LoopSite>(generation_, parts, "weir-dry", nullptr, LoopSite::Purpose::dry);
}

DryRun::~DryRun() {
  while (!site_->end(nullptr)) loop_.turn(Clock::duration::max());
  site_.reset();
  Host::leave(thread_);
  if (former_ != nullptr) Host::enter(*former_);
}

DryResult DryRun::run(const DryRequest& request) {
  DryResult result;
  const Rehearsal rehearsal(*site_, request.listener, result);
  Recorder recorder(rehearsal.listener());
  Exchange exchange(
      {&rehearsal.site(), &rehearsal.listener(), &recorder, request.client, unix_ms()});
  const std::string_view head = exchange.arena().copy(head_text(request));
  const auto refusal = read_request(head, {HeadLimits{}, exchange.scheme(), true}, exchange.arena(),
                                    names_, exchange.request());
  result.arrived = exchange.request().path;
  if (refusal) {
    exchange.refuse(*refusal);
  } else {
    exchange.begin();
    if (result.routed.empty()) result.trials = generation_->router().explain(query_of(exchange));
  }
  const RequestHead& read = exchange.request();
  result.path = read.path;
  result.query = read.query;
  result.host = read.host;
  result.reason = exchange.reason() == nullptr ? "" : exchange.reason();
  // Where the route has an upstream, the exchange came to the point of asking it.
  const bool asks = result.route != DryResult::no_route && result.reason == "no_target" &&
                    generation_->model().routes[result.route].upstream != conf::no_upstream;
  if (asks) {
    result.reason.clear();
  } else {
    result.status = recorder.status;
    result.fields = std::move(recorder.fields);
    result.waits = recorder.status == 0;
  }
  return result;
}

}  // namespace weir
