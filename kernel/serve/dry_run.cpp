// SPDX-License-Identifier: Apache-2.0
#include "serve/dry_run.hpp"

#include <utility>

#include "chain/exchange.hpp"
#include "http/h1_reader.hpp"

namespace weir {
namespace {

constexpr unsigned dry_index = 254;  // of the loop, among refs

// Takes what an exchange sends and keeps the final head.
class Recorder final : public ServerStream {
 public:
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
  void abort() override {}

  uint32_t status = 0;
  std::vector<std::pair<std::string, std::string>> fields;
};

std::string head_text(const DryRequest& request) {
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\n";
  text += "Host: " + request.authority + "\r\n";
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\r\n";
  return text + "\r\n";
}

void say(void* to, weir_str text) {
  auto& words = *static_cast<std::string*>(to);
  if (!words.empty()) words += "; ";
  words.append(text.p, text.n);
}

}  // namespace

DryRun::DryRun(std::shared_ptr<Generation> generation, Names& names)
    : generation_(std::move(generation)),
      names_(names),
      loop_(dry_index),
      handles_(dry_index),
      tasks_(1, 16),
      thread_{loop_, handles_, tasks_} {
  Host::enter(thread_);
  const LoopParts parts{loop_, bodies_, handles_, tasks_, names_, date_, 1};
  site_ = std::make_unique<LoopSite>(generation_, parts, "weir-dry", LoopSite::Purpose::dry);
}

DryRun::~DryRun() {
  site_.reset();
  Host::leave(thread_);
}

DryResult DryRun::run(const DryRequest& request) {
  DryResult result;
  Recorder recorder;
  Exchange exchange({&site_->site(), &site_->listener(request.listener), &recorder,
                     request.client, 0});
  const std::string_view head = exchange.arena().copy(head_text(request));
  const auto refusal = read_request(head, {HeadLimits{}, "http", true}, exchange.arena(), names_,
                                    exchange.request());
  if (refusal) {
    exchange.refuse(*refusal);
  } else {
    exchange.begin();
  }
  describe(exchange, result);
  // Where the route has an upstream, the exchange came to the point of asking it.
  const bool asks = result.route != DryResult::no_route && result.reason == "no_target" &&
                    generation_->model().routes[result.route].upstream != conf::no_upstream;
  if (asks) {
    result.reason.clear();
  } else {
    result.status = recorder.status;
    result.fields = std::move(recorder.fields);
  }
  if (!refusal) {
    const RequestHead& read = exchange.request();
    result.trials = generation_->router().explain(
        {static_cast<uint32_t>(request.listener), read.host, read.path, read.method, read.query,
         &read.fields, exchange.client});
  }
  return result;
}

void DryRun::describe(Exchange& exchange, DryResult& result) const {
  const RequestHead& read = exchange.request();
  result.path = read.path;
  result.query = read.query;
  result.host = read.host;
  result.reason = exchange.reason() == nullptr ? "" : exchange.reason();
  result.waits = exchange.is_waiting();
  if (exchange.route() != nullptr) result.route = site_->index_of(*exchange.route());
  for (size_t i = 0; i < exchange.entered(); ++i) {
    DryFilter filter;
    filter.name = exchange.entered_name(i);
    const FilterUse& use = exchange.entered_use(i);
    filter.component = use.owner->component->name;
    const weir_call* const call = exchange.entered_call(i);
    if (call != nullptr && WEIR_HAS(weir_http_filter, use.ops, explain)) {
      use.ops->explain(call, &filter.says, say);
    }
    result.filters.push_back(std::move(filter));
  }
  if (exchange.handler() != nullptr) result.handler = exchange.handler()->owner->name;
}

}  // namespace weir
