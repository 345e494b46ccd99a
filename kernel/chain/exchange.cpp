// SPDX-License-Identifier: Apache-2.0
#include "chain/exchange.hpp"

#include "base/contract.hpp"
#include "base/log.hpp"
#include "chain/chain.hpp"
#include "net/address.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace weir {

Exchange::Exchange(const Arrival& arrival)
    : peer(arrival.peer),
      client(arrival.peer),
      site_(*arrival.site),
      listener_(*arrival.listener),
      stream_(arrival.client),
      arena_(first_, site_.limits.memory),
      ref_(site_.handles.add(HandleKind::exchange, this)),
      began_(site_.loop.now()),
      unix_ms_(arrival.unix_ms),
      request_pipe_(site_.bodies, site_.limits.body_in),
      response_pipe_(site_.bodies, Body::default_limit),
      answer_body_(site_.bodies) {}

Exchange::~Exchange() {
  if (phase_ != Phase::over) finish("shutdown");
}

void Exchange::begin() {
  const Framing& framing = request_.framing;
  const bool none = framing.kind == Framing::Kind::none ||
                    (framing.kind == Framing::Kind::length && framing.length == 0);
  if (none) request_pipe_.entry().finish();
  if (!clean_request()) return;
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
  if (handler_ != nullptr && handler_can_run()) run_handler();
  if (endpoint_ != nullptr && takes_response_body()) endpoint_->pull();
  settle();
}

void Exchange::response_sent() { finish("ok"); }

void Exchange::client_gone(const char* reason) { finish(reason); }

bool Exchange::takes_request_body() const {
  if (phase_ == Phase::over) return false;
  if (phase_ == Phase::tunnel) {
    return endpoint_ != nullptr && !tunnel_up_over_ && endpoint_->backlog() < site_.limits.body_in;
  }
  const Body& entry = request_pipe_.entry();
  if (!wants_body_ || response_over_ || entry.finished() || entry.room() == 0) return false;
  return endpoint_ == nullptr || endpoint_->backlog() < site_.limits.body_in;
}

void Exchange::settle() {
  if (phase_ == Phase::over) return;
  stream_->flush();
  if (endpoint_ != nullptr) endpoint_->flush();
  request_pipe_.settle();
  response_pipe_.settle();
}

// ---- what calls of modules share

weir_call* Exchange::make_call(const InstanceOnLoop& owner, const void* conf, uint32_t context) {
  const auto made = arena_.make<weir_call>(1);
  const auto bytes = arena_.make<std::max_align_t>((context + sizeof(std::max_align_t) - 1) /
                                                   sizeof(std::max_align_t));
  if (made.empty() || (context != 0 && bytes.empty())) return nullptr;
  weir_call& call = made.front();
  call = {sizeof(weir_call), 0,           tx_of(*this), ref_,       conf,
          owner.instance,    owner.state, bytes.data(), owner.cells};
  return &call;
}

weir_call* Exchange::call_of(size_t entered) {
  Entered& entry = entered_[entered];
  if (entry.call != nullptr) return entry.call;
  const FilterUse& use = *entry.use;
  entry.call = make_call(*use.owner, use.conf, use.ops->ctx_size);
  if (entry.call != nullptr) {
    entry.call->ref = Handles::with_place(ref_, static_cast<uint32_t>(entered));
  }
  return entry.call;
}

const InstanceOnLoop& Exchange::owner_of(const weir_call& call) const {
  if (&call == handler_call_) return *handler_->owner;
  return *entered_[Handles::place_of(call.ref)].use->owner;
}

void Exchange::wait(const InstanceOnLoop& owner) { site_.loop.arm(*this, owner.wait_timeout); }

void Exchange::fault(const InstanceOnLoop& owner, const char* what) {
  WEIR_LOG(WEIR_WARN, owner.component->name, " \"", owner.name, "\": ", what,
           owner.fails_open ? "; the exchange goes on, as on_fault = \"open\" says" : "");
}

weir_rc Exchange::resume(weir_ref ref, uint32_t verdict) {
  if (pending_count_ == pending_.size()) return WEIR_ERROR;
  pending_[pending_count_++] = {ref, verdict};
  site_.loop.defer(*this);
  return WEIR_OK;
}

void Exchange::deferred() noexcept {
  const auto pending = pending_;
  const size_t count = std::exchange(pending_count_, 0);
  for (size_t i = 0; i < count && phase_ != Phase::over; ++i) resume_one(pending[i]);
  settle();
}

// The deadline of whatever waits: it counts as a fault of who said WAIT.
void Exchange::expired() noexcept {
  if (std::exchange(holds_request_, false)) {
    start_attempt();
    pump_request();
    return settle();
  }
  if (waiting_ != nullptr) {
    fault(owner_of(*waiting_), "no resume within wait_timeout");
    resume_one({waiting_->ref, WEIR_FAIL});
  }
  for (BodyPipe* pipe : {&request_pipe_, &response_pipe_}) {
    const weir_call* const call = pipe->waiting();
    if (call == nullptr) continue;
    fault(owner_of(*call), "no resume within wait_timeout");
    resume_one({call->ref, WEIR_FAIL});
  }
  settle();
}

void Exchange::resume_one(const Pending& pending) {
  const uint32_t place = Handles::place_of(pending.ref);
  if (waiting_ != nullptr && Handles::place_of(waiting_->ref) == place) {
    const weir_call* const call = std::exchange(waiting_, nullptr);
    Timer::cancel();
    return resume_callback(*call, pending.verdict);
  }
  for (BodyPipe* pipe : {&request_pipe_, &response_pipe_}) {
    const BodyPipe::Resumed resumed = pipe->resume(pending.ref);
    if (!resumed.found) continue;
    Timer::cancel();
    return resume_body(*resumed.call, pending.verdict, pipe == &request_pipe_, resumed.held);
  }
}

void Exchange::resume_callback(const weir_call& call, uint32_t verdict) {
  if (&call == handler_call_) return act_on_handler(verdict);
  const FilterUse& use = *entered_[Handles::place_of(call.ref)].use;
  called_ = Handles::place_of(call.ref);
  if (phase_ == Phase::request) {
    if (!act_on_request(verdict, use, &call)) return;
    run_requests();
    return pump_request();
  }
  if (act_on_response(verdict, use)) continue_responses();
  pump_response();
}

void Exchange::resume_body(const weir_call& call, uint32_t verdict, bool request_side, bool held) {
  if (verdict != WEIR_NEXT) {
    act_on_stopped({BodyPipe::Outcome::Kind::stopped, &call, verdict, held}, request_side);
    return;
  }
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
  if (outcome.verdict != WEIR_ANSWERED || !has_answer_) fault(owner, "failed in a body callback");
  if (head_sent_) {
    if (reason_ == nullptr) reason_ = "module_fault";
    drop_attempt(WEIR_CANCELLED);
    return stream_->abort();
  }
  drop_attempt(WEIR_CANCELLED);
  if (outcome.verdict == WEIR_ANSWERED && has_answer_) {
    take_answer();
    return run_responses(request_side ? place : std::min(place, response_position_));
  }
  response_position_ = 0;
  answer_error(500, "module_fault");
}

void Exchange::finish(const char* reason) {
  if (phase_ == Phase::over) return;
  if (reason_ == nullptr) reason_ = reason;
  drop_attempt(response_over_ || tunnel_down_over_ ? WEIR_SUCCEEDED : WEIR_CANCELLED);
  phase_ = Phase::over;
  Timer::cancel();
  Deferred::cancel();
  while (Dependent* const dependent = dependents_.take_first()) dependent->owner_ended();
  for (size_t i = 0; i < entered_count_; ++i) {
    const Entered& entry = entered_[i];
    if (entry.call != nullptr && WEIR_HAS(weir_http_filter, entry.use->ops, end)) {
      entry.use->ops->end(entry.call);
    }
  }
  if (handler_call_ != nullptr && WEIR_HAS(weir_handler, handler_->ops, end)) {
    handler_->ops->end(handler_call_);
  }
  for (const ObserverUse& use : site_.observers) {
    const weir_call call{
        sizeof(weir_call), 0,       tx_of(*this),    ref_, use.conf, use.owner->instance,
        use.owner->state,  nullptr, use.owner->cells};
    use.ops->exchange(&call);
  }
  site_.handles.remove(ref_);
  request_pipe_.clear();
  response_pipe_.clear();
}

}  // namespace weir
