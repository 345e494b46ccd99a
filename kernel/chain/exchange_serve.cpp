// SPDX-License-Identifier: Apache-2.0
//
// Who makes the response: a handler, or an endpoint of an upstream.
#include <weir/module.h>

#include "base/body.hpp"
#include "chain/chain.hpp"
#include "chain/exchange.hpp"
#include "chain/forwarding.hpp"
#include "chain/handles.hpp"
#include "http/head.hpp"
#include "http/hop_by_hop.hpp"
#include "http/stream.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>

namespace weir {
namespace {

constexpr uint32_t handler_place = 255;  // no filter is that far down a chain

// RFC 9110, 9.2.2.
bool is_idempotent(std::string_view method) {
  constexpr std::string_view known[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  return std::find(std::begin(known), std::end(known), method) != std::end(known);
}

}  // namespace

// ---- handler

void Exchange::start_handler() {
  phase_ = Phase::serving;
  handler_call_ = make_call(*handler_->owner, handler_->conf, handler_->ops->ctx_size);
  if (handler_call_ == nullptr) return answer_error(500, "exchange_memory");
  handler_call_->ref = Handles::with_place(ref_, handler_place);
  response_.status = 200;
  response_.fields = Fields(arena_);
  calling_side_ = WEIR_RESPONSE;
  act_on_handler(handler_call_->run("request", handler_->ops->request));
}

void Exchange::act_on_handler(uint32_t verdict) {
  handler_waits_ = false;
  if (verdict == WEIR_WAIT) {
    handler_waits_ = true;
    return wait_for(*handler_call_, *handler_->owner);
  }
  if (verdict == WEIR_ANSWERED && has_answer_ && phase_ == Phase::serving) {
    take_answer();
    return run_responses(entered_count_);
  }
  if (verdict != WEIR_NEXT) {
    fault(*handler_->owner, "failed", false);
    if (head_sent_) return stream_->abort();
    return answer_error(500, "module_fault");
  }
  want_request_body();
  // The first run may already end the body, and then its length is known before the head goes.
  if (handler_can_run()) run_handler();
  if (phase_ == Phase::serving && !handler_waits_) run_responses(entered_count_);
}

bool Exchange::handler_can_run() const {
  const Body& out = response_pipe_.entry();
  return handler_call_ != nullptr && !handler_waits_ && !out.finished() && out.room() > 0 &&
         phase_ != Phase::over && stream_->backlog() < site_.limits.body_out &&
         WEIR_HAS(weir_handler, handler_->ops, run);
}

// There is more room than it wanted, and nothing else would tell it.
void Exchange::wake_handler() {
  if (phase_ == Phase::over || response_pipe_.entry().room() <= too_little_) return;
  too_little_ = SIZE_MAX;
  site_.loop.defer(*this);
}

void Exchange::run_handler() {
  Body& in = request_pipe_.sink();
  const uint64_t before = in.length();
  for (;;) {
    Body& out = response_pipe_.entry();
    const uint64_t had = in.length();
    const uint64_t held = out.length();
    handler_call_->flags = in.finished() ? uint32_t{WEIR_LAST} : 0U;
    const uint32_t verdict = handler_call_->run("run", handler_->ops->run, &in, &out);
    if (verdict != WEIR_NEXT) return act_on_handler(verdict);
    const bool progress = in.length() != had || out.length() != held || out.finished();
    too_little_ = progress || out.empty() ? SIZE_MAX : out.room();
    pump_response();
    if (!progress || !handler_can_run()) break;
  }
  // What was taken is room for the filters before this handler, who have no other way to know.
  if (in.length() < before && request_pipe_.touches_body()) {
    pumps_later_ = true;
    site_.loop.defer(*this);
  }
  if (in.room() > 0 && !request_pipe_.entry().finished()) stream_->pull();
}

// ---- upstream

void Exchange::start_attempt() {
  phase_ = Phase::serving;
  do {
    if (!upstream_->choose(attempt_, tx_of(*this))) {
      if (attempt_.count() == 0) return answer_error(503, "no_endpoint");
      return answer_error(502, "connect_failed");
    }
    endpoint_text_ = arena_.copy(upstream_->endpoint(attempt_).text);
    if (!build_outgoing()) return answer_error(500, "exchange_memory");
  } while (!open_attempt());
}

// False: the connection could not even be begun.
bool Exchange::open_attempt() {
  endpoint_ =
      upstream_->open(attempt_, {this, &arena_, &site_.names, upstream_->options().response_limits,
                                 keeps_trailers(), site_.limits.interim_responses,
                                 found_.route->timeout, stream_, client});
  if (endpoint_ == nullptr) {
    upstream_->finish(attempt_, WEIR_CONNECT_FAILED);
    return false;
  }
  endpoint_->send_request(outgoing_);
  if (request_trailers_.size() > 0) endpoint_->set_trailers(request_trailers_);
  request_forwarded_ = false;
  forwarded_bytes_ = 0;
  want_request_body();
  return true;
}

Framing Exchange::outgoing_framing() const {
  const Body& sink = request_pipe_.sink();
  if (request_.framing.kind == Framing::Kind::none && sink.empty()) return {};
  // All of it is here: say how much it is.
  if (sink.finished() && !keeps_trailers()) return {Framing::Kind::length, sink.length()};
  if (request_pipe_.changes_length()) return {Framing::Kind::chunked, 0};
  return request_.framing;
}

bool Exchange::build_outgoing() {
  outgoing_ = RequestHead{};
  outgoing_.method = request_.method;
  outgoing_.path = request_.path;
  outgoing_.query = request_.query;
  outgoing_.upgrade_websocket = request_.upgrade_websocket && found_.route->websocket;
  outgoing_.framing = outgoing_framing();
  outgoing_.fields = Fields(arena_);
  Fields& fields = outgoing_.fields;
  std::string_view host = upstream_->options().host;
  if (upstream_->options().host_of_endpoint) host = endpoint_text_;
  if (host.empty()) host = request_.authority;
  const Forwarding forwarding{peer, client, scheme(), request_.authority,
                              request_.version == Version::http10 ? "1.0" : "1.1"};
  const bool built = fields.copy_rows(request_.fields) && fields.set(WEIR_H_HOST, "Host", host) &&
                     add_forwarding(fields, forwarding, site_, arena_) &&
                     add_via(fields, forwarding.version, listener_, arena_);
  fields.remove(WEIR_H_EXPECT);
  return built;
}

void Exchange::drop_attempt(uint32_t outcome) {
  if (endpoint_ != nullptr) {
    phase_ == Phase::tunnel ? endpoint_->let_go() : endpoint_->abandon();
    endpoint_ = nullptr;
  }
  if (attempt_.active()) upstream_->finish(attempt_, outcome);
}

// ---- events of the endpoint's side

void Exchange::interim(ResponseHead& head) {
  // 100 was ours to give; HTTP/1.0 knows no interim responses (RFC 9110, 15.2).
  if (head_sent_ || head.status == 100 || request_.version == Version::http10) return;
  if (strip_hop_by_hop(head.fields)) return;
  stream_->send_interim(head);
}

void Exchange::response(ResponseHead& head) {
  upstream_->head_arrived(attempt_);
  from_upstream_ = true;
  upstream_status_ = head.status;
  upstream_time_ = site_.loop.now() - attempt_.began();
  response_.status = head.status;
  response_.reason = head.reason;
  response_.version = head.version;
  response_.framing = head.framing;
  response_.declared = head.declared;
  response_.fields = std::move(head.fields);
  if (const auto refusal = strip_hop_by_hop(response_.fields)) {
    drop_attempt(WEIR_BROKE);
    return answer_error(502, refusal->reason);
  }
  if (!add_via(response_.fields, head.version == Version::http10 ? "1.0" : "1.1", listener_,
               arena_)) {
    return answer_error(500, "exchange_memory");
  }
  run_responses(entered_count_);
}

void Exchange::response_body(Body& in, bool last) {
  if (phase_ == Phase::tunnel) {
    response_bytes_ += in.length();
    stream_->send_body(in, last);
    tunnel_down_over_ = tunnel_down_over_ || last;
    return tunnel_ended();
  }
  // First of all: the end of the attempt may end the connection, and what that one holds.
  Body& entry = response_pipe_.entry();
  entry.move(in, in.length());
  if (last) {
    entry.finish();
    endpoint_ = nullptr;
    upstream_->finish(attempt_, WEIR_SUCCEEDED);
  }
  pump_response();
}

void Exchange::request_drained() {
  if (phase_ == Phase::over) return;
  if (phase_ != Phase::tunnel) pump_request();
  if (takes_request_body()) stream_->pull();
}

bool Exchange::takes_response_body() const {
  if (phase_ == Phase::over || site_.relief.full()) return false;
  if (stream_->backlog() >= site_.limits.body_out) return false;
  return phase_ == Phase::tunnel || response_pipe_.entry().room() > 0;
}

bool Exchange::relays_response_body() const {
  return phase_ == Phase::sending && !bodiless_ && stream_->takes_pipes() &&
         !response_pipe_.touches_body();
}

bool Exchange::may_repeat(const Failure& failure) const {
  return failure.kind == Failure::Kind::stale && !repeated_ && !request_body_sent_ &&
         is_idempotent(request_.method);
}

// Another try that the client need not know of: the same endpoint once more when a pooled
// connection turned out dead, the next one when no connection came about.
bool Exchange::try_again(const Failure& failure) {
  if (may_repeat(failure)) {
    repeated_ = true;
    upstream_->repeat(attempt_);
    if (!open_attempt()) start_attempt();
    pump_request();
    return true;
  }
  if (failure.kind != Failure::Kind::connect || request_body_sent_) return false;
  upstream_->finish(attempt_, WEIR_CONNECT_FAILED);
  if (!upstream_->more_to_try(attempt_)) return false;
  start_attempt();
  pump_request();
  return true;
}

void Exchange::upstream_failed(const Failure& failure) {
  endpoint_ = nullptr;
  if (phase_ == Phase::tunnel) {
    if (reason_ == nullptr) reason_ = failure.reason;
    return tunnel_down_over_ ? stream_->let_go() : stream_->abort();
  }
  if (!from_upstream_ && try_again(failure)) return;
  if (attempt_.active()) upstream_->finish(attempt_, WEIR_BROKE);
  if (head_sent_) {
    if (reason_ == nullptr) reason_ = failure.reason;
    return stream_->abort();
  }
  waiting_ = nullptr;
  const bool late = failure.kind == Failure::Kind::timeout ||
                    std::string_view(failure.reason) == "connect_timeout";
  answer_error(late ? 504 : 502, failure.reason);
}

void Exchange::begin_tunnel() {
  phase_ = Phase::tunnel;
  stream_->become_tunnel();
  endpoint_->become_tunnel();
}

// Each side has ended its direction: what is queued for the endpoint is still sent.
void Exchange::tunnel_ended() {
  if (!tunnel_up_over_ || !tunnel_down_over_) return;
  drop_attempt(WEIR_SUCCEEDED);
}

}  // namespace weir
