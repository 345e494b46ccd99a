// SPDX-License-Identifier: Apache-2.0
//
// The way of the request through the chains, up to whoever makes the response.
#include <weir/module.h>

#include "base/body.hpp"
#include "base/clock.hpp"
#include "chain/exchange.hpp"
#include "chain/forwarding.hpp"
#include "chain/handles.hpp"
#include "chain/module_call.hpp"
#include "chain/site.hpp"
#include "http/fields.hpp"
#include "http/head.hpp"
#include "http/hop_by_hop.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace weir {
namespace {

constexpr uint64_t most_held = 16 * 1024;
constexpr Clock::duration longest_hold = std::chrono::milliseconds(100);

}  // namespace

// Drops what must not travel on. False: the request was refused.
bool Exchange::clean_request() {
  Fields& fields = request_.fields;
  if (const auto refusal = strip_hop_by_hop(fields, site_.identity)) {
    refuse(*refusal);
    return false;
  }
  drop_odd_names(fields);
  for (const uint32_t id : site_.identity) fields.remove(id);
  // Here and not where the request goes out, so that a filter can set it.
  if (!is_trusted(peer, site_)) fields.remove(WEIR_H_X_REAL_IP);
  if (via_count(fields, listener_.pseudonym) > 0) {
    request_.keep_alive = false;
    answer_error(508, "loop");
    return false;
  }
  return true;
}

// Overloaded, the process runs no module for a new request, not even to find out its route: what
// the request is as it came in says whether it is served all the same.
bool Exchange::turned_away() {
  if (!site_.relief.turns_some_away()) return false;
  RouteFinder::Found found;
  if (site_.routes != nullptr) site_.routes->find(*this, found);
  const bool served = found.route != nullptr && found.route->serves_always;
  if (served || !site_.relief.turns_away()) return false;
  answer_error(503, "overload");
  return true;
}

bool Exchange::enter_chain(const ChainOnLoop& chain) {
  chain_ = &chain;
  position_ = 0;
  if (chain.filters.empty()) return true;
  const auto room = arena_.make<Entered>(entered_count_ + chain.filters.size());
  if (room.empty()) return false;
  std::copy_n(entered_.begin(), entered_count_, room.begin());
  entered_ = room;
  return true;
}

// Until the chains end, a filter stops it, or a filter holds the head for the body.
void Exchange::run_requests() {
  if (phase_ != Phase::request) return;
  do {
    while (position_ < chain_->filters.size()) {
      const FilterUse& use = chain_->filters[position_++];
      called_ = entered_count_++;
      entered_[called_] = {&use, nullptr};
      if (!WEIR_HAS(weir_http_filter, use.ops, request)) continue;
      ModuleCall* const call = call_of(called_);
      if (call == nullptr) return answer_error(500, "exchange_memory");
      calling_side_ = WEIR_REQUEST;
      calling_ = call;
      const uint32_t verdict = call->run("request", use.ops->request);
      calling_ = nullptr;
      if (!act_on_request(verdict, use, *call)) return;
      if (request_pipe_.holding()) return want_request_body();
    }
  } while (next_chain());
}

// The request goes from the listener's chain to the route's, and from there to who serves it.
bool Exchange::next_chain() {
  if (found_.route != nullptr) {
    serve();
    return false;
  }
  if (listener_.chain.handler.ops != nullptr) {
    handler_ = &listener_.chain.handler;
    start_handler();
    return false;
  }
  if (!find_route()) return false;
  if (!enter_chain(found_.route->chain)) {
    answer_error(500, "exchange_memory");
    return false;
  }
  return true;
}

bool Exchange::find_route() {
  found_.count = 0;
  if (site_.routes != nullptr) site_.routes->find(*this, found_);
  const RouteOnLoop* const route = found_.route;
  if (route == nullptr) {
    answer_error(404, "no_route");
  } else if (request_.encoded_slash && !route->encoded_slash) {
    answer_error(400, "path_slash");
  } else if (request_.framing.kind == Framing::Kind::length &&
             !body_fits(request_.framing.length)) {
    request_.keep_alive = false;
    answer_error(413, "body_large");
  } else {
    return true;
  }
  return false;
}

bool Exchange::body_fits(uint64_t bytes) const {
  const uint64_t limit = found_.route == nullptr ? listener_.max_body : found_.route->max_body;
  return bytes <= limit;
}

// False: the chain does not go on now.
bool Exchange::act_on_request(uint32_t verdict, const FilterUse& use, ModuleCall& call) {
  switch (verdict) {
    case WEIR_NEXT:
      return true;
    case WEIR_WAIT:
      wait_for(call, *use.owner);
      return false;
    case WEIR_ANSWERED:
      if (!has_answer_) break;
      take_answer();
      run_responses(called_);
      return false;
    case WEIR_REROUTE:
      return reroute();
    default:
      break;
  }
  if (fault(*use.owner, "failed in request")) {
    request_pipe_.pass(call);
    return true;
  }
  answer_error(500, "module_fault");
  return false;
}

// Matches anew; the filters of the old route end, those of the listener stay.
bool Exchange::reroute() {
  const size_t kept = listener_.chain.filters.size();
  if (found_.route == nullptr) return true;  // nothing was matched yet: going on does it
  const weir_call* const last = request_pipe_.last();
  // The filters that end must not be on the way of the body.
  const bool in_use = last != nullptr && Handles::place_of(last->ref) >= kept;
  if (++reroutes_ > site_.limits.reroutes || in_use) {
    answer_error(500, "reroutes");
    return false;
  }
  end_filters(kept);
  if (route_ref_ != ref_) site_.handles.remove(route_ref_);
  route_ref_ = site_.handles.add(HandleKind::exchange, this);
  found_.route = nullptr;
  if (!find_route()) return false;
  if (enter_chain(found_.route->chain)) return true;
  answer_error(500, "exchange_memory");
  return false;
}

// Their refs are dead first: what they own ends, and no more can be hung on them. Then `end`.
void Exchange::end_filters(size_t from) {
  const size_t count = std::exchange(entered_count_, from);
  for (Dependent* dependent = dependents_.first(); dependent != nullptr;) {
    Dependent* const next = dependents_.after(*dependent);
    if (Handles::place_of(dependent->owner) >= from) dependent->owner_ended();
    dependent = next;
  }
  for (size_t i = from; i < count; ++i) {
    const Entered& entry = entered_[i];
    if (entry.call != nullptr && WEIR_HAS(weir_http_filter, entry.use->ops, end)) {
      entry.call->end(entry.use->ops->end);
    }
  }
}

void Exchange::serve() {
  const RouteOnLoop& route = *found_.route;
  if (route.chain.handler.ops != nullptr) {
    handler_ = &route.chain.handler;
    start_handler();
  } else if (route.upstream != nullptr) {
    upstream_ = route.upstream;
    upstream_name_ = upstream_->options().name;
    if (!holds_for_chunks()) return start_attempt();
    phase_ = Phase::serving;
    holds_request_ = true;
    site_.loop.arm(hold_timer_, longest_hold);
    want_request_body();
  } else {
    answer_error(404, "no_target");
  }
}

// A chunked body can break its grammar at any byte, and then nothing of the request should have
// gone out. A short body is waited for as a whole; a long or slow one streams after all.
bool Exchange::holds_for_chunks() const {
  const Body& sink = request_pipe_.sink();
  return request_.framing.kind == Framing::Kind::chunked && !sink.finished() &&
         sink.length() < most_held;
}

// The hold has lasted long enough.
void Exchange::release_request() {
  if (!std::exchange(holds_request_, false)) return;
  start_attempt();
  pump_request();
  settle();
}

// From here on somebody takes the body, so a client that waits for leave gets it.
void Exchange::want_request_body() {
  if (wants_body_) return;
  wants_body_ = true;
  if (request_pipe_.entry().finished()) return;
  if (request_.expect_continue && request_bytes_ == 0) {
    ResponseHead go_on;
    go_on.status = 100;
    stream_->send_interim(go_on);
  }
  stream_->pull();
}

void Exchange::pump_request() {
  while (phase_ == Phase::request || phase_ == Phase::serving || phase_ == Phase::response ||
         phase_ == Phase::sending) {
    if (waiting_ != nullptr && phase_ == Phase::request) return;
    const BodyPipe::Outcome outcome = request_pipe_.pump();
    if (outcome.kind == BodyPipe::Outcome::Kind::stopped) return act_on_stopped(outcome, true);
    if (outcome.kind == BodyPipe::Outcome::Kind::fired) {
      run_requests();
      continue;
    }
    forward_request();
    const bool full = endpoint_ != nullptr && endpoint_->backlog() >= site_.limits.body_in;
    if (full || !request_pipe_.unblocked()) return;
  }
}

void Exchange::forward_request() {
  if (handler_ != nullptr) {
    if (handler_can_run()) run_handler();
    return;
  }
  if (holds_request_ && !holds_for_chunks()) {
    holds_request_ = false;
    hold_timer_.cancel();
    start_attempt();
  }
  Body& sink = request_pipe_.sink();
  if (endpoint_ == nullptr || request_forwarded_ || (sink.empty() && !sink.finished())) return;
  if (!sink.empty()) {
    // Kept until the connection is there, so that another endpoint can have it.
    if (!endpoint_->connected()) return;
    request_body_sent_ = true;
  }
  forwarded_bytes_ += sink.length();
  if (request_pipe_.touches_body() && !fits(outgoing_.framing, forwarded_bytes_, sink.finished())) {
    return fail_length("request");
  }
  request_forwarded_ = sink.finished();
  endpoint_->send_body(sink, request_forwarded_);
}

}  // namespace weir
