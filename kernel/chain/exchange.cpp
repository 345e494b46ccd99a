// SPDX-License-Identifier: Apache-2.0
#include "chain/exchange.hpp"

#include <weir/module.h>

#include "base/body.hpp"
#include "base/log.hpp"
#include "chain/chain.hpp"
#include "chain/handles.hpp"
#include "chain/module_call.hpp"
#include "chain/site.hpp"
#include "crash/mark.hpp"
#include "event/loop.hpp"
#include "event/timers.hpp"
#include "http/fields.hpp"
#include "http/head.hpp"
#include "http/names.hpp"
#include "http/refusals.hpp"
#include "net/address.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace weir {

bool fits(const Framing& framing, uint64_t bytes, bool last) {
  if (framing.kind == Framing::Kind::none) return bytes == 0;
  if (framing.kind != Framing::Kind::length) return true;
  return last ? bytes == framing.length : bytes <= framing.length;
}

Exchange::Exchange(const Arrival& arrival)
    : peer(arrival.peer),
      client(arrival.peer),
      site_(*arrival.site),
      listener_(*arrival.listener),
      stream_(arrival.client),
      arena_(first_, site_.limits.memory, &site_.bodies.held()),
      ref_(site_.handles.add(HandleKind::exchange, this)),
      route_ref_(ref_),
      began_(site_.loop.now()),
      unix_ms_(arrival.unix_ms),
      request_pipe_(site_.bodies, site_.limits.body_in, "request_body"),
      response_pipe_(site_.bodies, Body::default_limit, "response_body"),
      answer_body_(site_.bodies) {}

Exchange::~Exchange() {
  if (phase_ != Phase::over) finish("shutdown");
}

void Exchange::begin() {
  const Framing& framing = request_.framing;
  const bool none = framing.kind == Framing::Kind::none ||
                    (framing.kind == Framing::Kind::length && framing.length == 0);
  if (none) request_pipe_.entry().finish();
  asked_for_head_ = request_.method == "HEAD";
  if (!request_.host.empty() && !stream_->serves(request_.host)) {
    return answer_error(421, "misdirected");
  }
  if (!clean_request() || turned_away()) return;
  if (!enter_chain(listener_.chain)) return answer_error(500, "exchange_memory");
  run_requests();
  pump_request();
}

// Nothing of the request may be believed, so no filter sees it; observers do.
void Exchange::log_refusal(const Refusal& refusal) const {
  WEIR_LOG(WEIR_INFO, "refused a request of ", to_string(peer), " with ", refusal.status,
           ": reject=", refusal.reason);
}

void Exchange::refuse(const Refusal& refusal) {
  log_refusal(refusal);
  request_.keep_alive = false;
  asked_for_head_ = request_.method == "HEAD";
  answer_error(refusal.status, refusal.reason);
}

// ---- events of the client's side

void Exchange::request_body(Body& in, bool last) {
  request_bytes_ += in.length();
  if (phase_ == Phase::tunnel) {
    if (endpoint_ != nullptr) endpoint_->send_body(in, last);
    tunnel_up_over_ = tunnel_up_over_ || last;
    return tunnel_ended();
  }
  if (!body_fits(request_bytes_)) {
    in.clear();
    return request_refused({413, "body_large"});
  }
  Body& entry = request_pipe_.entry();
  entry.move(in, in.length());
  if (last) entry.finish();
  pump_request();
}

bool Exchange::keeps_trailers() const {
  return found_.route != nullptr && !found_.route->trailers.empty();
}

// Only what the route names passes: a trailer comes after every check of the head.
bool Exchange::take_trailers(const Fields& from, Fields& to) {
  to = Fields(arena_);
  for (const weir_field& row : from.rows()) {
    const auto& allowed = found_.route->trailers;
    if (row.id == 0 || std::find(allowed.begin(), allowed.end(), row.id) == allowed.end()) continue;
    to.add(row.id, as_view(row.name), as_view(row.value));
  }
  return to.size() > 0;
}

void Exchange::request_trailers(const Fields& trailers) {
  if (!keeps_trailers() || !take_trailers(trailers, request_trailers_)) return;
  if (endpoint_ != nullptr) endpoint_->set_trailers(request_trailers_);
}

void Exchange::response_trailers(const Fields& trailers) {
  if (!keeps_trailers() || !take_trailers(trailers, response_trailers_)) return;
  stream_->set_trailers(response_trailers_);
}

void Exchange::request_refused(const Refusal& refusal) {
  request_.keep_alive = false;
  wants_body_ = false;
  holds_request_ = false;
  if (phase_ == Phase::over) return;
  log_refusal(refusal);
  drop_attempt(WEIR_CANCELLED);
  if (reason_ == nullptr) reason_ = refusal.reason;
  if (head_sent_) return stream_->abort();
  answer_error(refusal.status, refusal.reason);
}

void Exchange::response_drained() {
  if (phase_ == Phase::over) return;
  if (phase_ != Phase::tunnel) pump_response();
  wake_sources();
  settle();
}

// Whoever had to stop goes on, where there is room for what it brings.
void Exchange::wake_sources() {
  if (phase_ == Phase::over) return;
  if (handler_ != nullptr && handler_can_run()) run_handler();
  if (endpoint_ != nullptr && takes_response_body()) endpoint_->pull();
  if (takes_request_body()) stream_->pull();
}

void Exchange::response_sent() { finish("ok"); }

void Exchange::client_gone(const char* reason) { finish(reason); }

bool Exchange::takes_request_body() const {
  if (phase_ == Phase::over || site_.relief.full()) return false;
  if (phase_ == Phase::tunnel) {
    return endpoint_ != nullptr && !tunnel_up_over_ && endpoint_->backlog() < site_.limits.body_in;
  }
  const Body& entry = request_pipe_.entry();
  if (!wants_body_ || response_over_ || entry.finished() || entry.room() == 0) return false;
  return endpoint_ == nullptr || endpoint_->backlog() < site_.limits.body_in;
}

bool Exchange::relays_request_body() const {
  return (phase_ == Phase::serving || phase_ == Phase::sending) && endpoint_ != nullptr &&
         endpoint_->connected() && endpoint_->takes_pipes() && !request_pipe_.touches_body();
}

void Exchange::go_on() {
  if (phase_ == Phase::over) return;
  wake_sources();
  settle();
}

uint64_t Exchange::held() const {
  const uint64_t sending = endpoint_ == nullptr ? 0 : endpoint_->backlog();
  return arena_.used() + request_pipe_.in_memory() + response_pipe_.in_memory() + sending;
}

void Exchange::settle() {
  if (phase_ == Phase::over) return;
  stream_->flush();
  if (endpoint_ != nullptr) endpoint_->flush();
  request_pipe_.settle();
  response_pipe_.settle();
}

// ---- what calls of modules share

ModuleCall* Exchange::make_call(const InstanceOnLoop& owner, const void* conf, uint32_t context) {
  void* const at = arena_.allocate(sizeof(ModuleCall), alignof(ModuleCall));
  void* bytes = nullptr;
  if (context != 0) {
    bytes = arena_
                .make<std::max_align_t>((context + sizeof(std::max_align_t) - 1) /
                                        sizeof(std::max_align_t))
                .data();
  }
  if (at == nullptr || (context != 0 && bytes == nullptr)) return nullptr;
  return new (at) ModuleCall{{sizeof(weir_call), 0, tx_of(*this), ref_, conf, owner.instance,
                              owner.state, bytes, owner.cells},
                             owner.callee};
}

ModuleCall* Exchange::call_of(size_t entered) {
  Entered& entry = entered_[entered];
  if (entry.call != nullptr) return entry.call;
  const FilterUse& use = *entry.use;
  entry.call = make_call(*use.owner, use.conf, use.ops->ctx_size);
  if (entry.call != nullptr) {
    const weir_ref base = entered < listener_.chain.filters.size() ? ref_ : route_ref_;
    entry.call->ref = Handles::with_place(base, static_cast<uint32_t>(entered));
  }
  return entry.call;
}

const ModuleCall* Exchange::callback_of(weir_ref ref) const {
  if (phase_ == Phase::over) return nullptr;
  if (handler_call_ != nullptr && Handles::same(handler_call_->ref, ref)) return handler_call_;
  const size_t place = Handles::place_of(ref);
  if (place >= entered_count_) return nullptr;
  const ModuleCall* const call = entered_[place].call;
  return call != nullptr && Handles::same(call->ref, ref) ? call : nullptr;
}

const InstanceOnLoop& Exchange::owner_of(const weir_call& call) const {
  if (&call == handler_call_) return *handler_->owner;
  return *entered_[Handles::place_of(call.ref)].use->owner;
}

void Exchange::wait(const InstanceOnLoop& owner) { site_.loop.arm(*this, owner.wait_timeout); }

// A request or response callback has said WAIT.
void Exchange::wait_for(ModuleCall& call, const InstanceOnLoop& owner) {
  waiting_ = &call;
  wait_ = call.said_wait();
  wait(owner);
}

BodyPipe::Waiting Exchange::first_wait() const {
  if (waiting_ != nullptr) return {waiting_, wait_};
  const BodyPipe::Waiting waiting = request_pipe_.waiting();
  return waiting.call != nullptr ? waiting : response_pipe_.waiting();
}

// The deadline of what still waits, counted anew.
void Exchange::watch_waits() {
  const weir_call* const call = first_wait().call;
  if (call == nullptr) return Timer::cancel();
  wait(owner_of(*call));
}

// True: the exchange goes on without this filter. `may_pass`: that is still possible.
bool Exchange::fault(const InstanceOnLoop& owner, const char* what, bool may_pass) {
  const bool passes = owner.fails_open && may_pass;
  WEIR_LOG(WEIR_WARN, owner.component->name, " \"", owner.name, "\": ", what,
           passes ? "; the exchange goes on, as on_fault = \"open\" says" : "");
  return passes;
}

// A filter has made a body longer or shorter than the head says. Sent on, its rest or what comes
// next would be taken for another message.
void Exchange::fail_length(const char* side) {
  const bool routed = found_.route != nullptr;
  WEIR_LOG(WEIR_WARN, "a filter of ", routed ? "route" : "listener", " \"",
           routed ? found_.route->name : listener_.name, "\" changed the length of a ", side,
           " and did not say so");
  if (reason_ == nullptr) reason_ = "module_fault";
  drop_attempt(WEIR_CANCELLED);
  if (head_sent_) return stream_->abort();
  answer_error(500, "module_fault");
}

weir_rc Exchange::resume(weir_ref ref, uint32_t verdict) {
  if (verdict != WEIR_NEXT && verdict != WEIR_ANSWERED && verdict != WEIR_FAIL) return WEIR_INVALID;
  if (pending_count_ == pending_.size()) return WEIR_ERROR;
  pending_[pending_count_++] = {ref, verdict};
  site_.loop.defer(*this);
  return WEIR_OK;
}

void Exchange::deferred() noexcept {
  const auto pending = pending_;
  const size_t count = std::exchange(pending_count_, 0);
  for (size_t i = 0; i < count && phase_ != Phase::over; ++i) {
    if (lives(pending[i].ref)) resume_one(pending[i]);
  }
  if (std::exchange(pumps_later_, false)) pump_request();
  wake_sources();
  settle();
}

// The deadline of whatever waits: it counts as a fault of who said WAIT.
void Exchange::expired() noexcept {
  const BodyPipe::Waiting waiting = first_wait();
  if (waiting.call == nullptr) return;
  const InstanceOnLoop& owner = owner_of(*waiting.call);
  WEIR_LOG(WEIR_WARN, owner.component->name, " \"", owner.name,
           "\": no resume within wait_timeout");
  resume_one({waiting.ref, WEIR_FAIL});
  wake_sources();
  settle();
}

void Exchange::resume_one(const Pending& pending) {
  if (waiting_ != nullptr && wait_ == pending.ref) {
    resume_callback(*std::exchange(waiting_, nullptr), pending.verdict);
    return watch_waits();
  }
  for (BodyPipe* pipe : {&request_pipe_, &response_pipe_}) {
    const BodyPipe::Resumed resumed = pipe->resume(pending.ref);
    if (resumed.call == nullptr) continue;
    const bool request_side = pipe == &request_pipe_;
    if (pending.verdict == WEIR_NEXT) {
      if (resumed.held) pipe->pass(*resumed.call);
      body_goes_on(request_side, resumed.held);
    } else {
      act_on_stopped({BodyPipe::Outcome::Kind::stopped, resumed.call, pending.verdict, resumed.held,
                      resumed.untouched},
                     request_side);
    }
    return watch_waits();
  }
}

void Exchange::resume_callback(ModuleCall& call, uint32_t verdict) {
  if (&call == handler_call_) return act_on_handler(verdict);
  const FilterUse& use = *entered_[Handles::place_of(call.ref)].use;
  called_ = Handles::place_of(call.ref);
  if (phase_ == Phase::request) {
    if (!act_on_request(verdict, use, call)) return;
    request_pipe_.holding() ? want_request_body() : run_requests();
    return pump_request();
  }
  if (act_on_response(verdict, use, call) && !response_pipe_.holding()) continue_responses();
  pump_response();
}

void Exchange::body_goes_on(bool request_side, bool held) {
  if (request_side) {
    if (held) run_requests();
    return pump_request();
  }
  if (held) continue_responses();
  pump_response();
}

// A body callback returned something else than NEXT.
void Exchange::act_on_stopped(const BodyPipe::Outcome& outcome, bool request_side) {
  const InstanceOnLoop& owner = owner_of(*outcome.call);
  const size_t place = Handles::place_of(outcome.call->ref);
  if (outcome.verdict == WEIR_WAIT) return wait(owner);
  const size_t unseen = phase_ == Phase::response ? std::min(place, response_position_) : place;
  if (outcome.verdict == WEIR_ANSWERED && has_answer_) {
    take_answer();
    return run_responses(unseen);
  }
  // A body of which a part has been changed cannot go on as if nothing had happened.
  if (fault(owner, "failed in a body callback", outcome.untouched)) {
    (request_side ? request_pipe_ : response_pipe_).pass(*outcome.call);
    return body_goes_on(request_side, outcome.held_head);
  }
  if (reason_ == nullptr) reason_ = "module_fault";
  drop_attempt(WEIR_CANCELLED);
  if (head_sent_) return stream_->abort();
  answer_error(500, "module_fault");
}

void Exchange::finish(const char* reason) {
  if (phase_ == Phase::over) return;
  if (reason_ == nullptr) reason_ = reason;
  drop_attempt(response_over_ || tunnel_down_over_ ? WEIR_SUCCEEDED : WEIR_CANCELLED);
  phase_ = Phase::over;
  Timer::cancel();
  Deferred::cancel();
  hold_timer_.cancel();
  // What modules are told last is `end`: before it they get back what they lent, and from here on
  // their refs are dead, so that nothing can be hung on an exchange that has ended.
  request_pipe_.clear();
  response_pipe_.clear();
  answer_body_.clear();
  if (route_ref_ != ref_) site_.handles.remove(route_ref_);
  site_.handles.remove(ref_);
  end_filters(0);
  if (handler_call_ != nullptr && WEIR_HAS(weir_handler, handler_->ops, end)) {
    handler_call_->end(handler_->ops->end);
  }
  for (const ObserverUse& use : site_.observers) {
    const weir_call call{
        sizeof(weir_call), 0,       tx_of(*this),    ref_, use.conf, use.owner->instance,
        use.owner->state,  nullptr, use.owner->cells};
    call_module({use.owner->callee, "exchange", this}, use.ops->exchange, &call);
  }
}

}  // namespace weir
