// SPDX-License-Identifier: Apache-2.0
//
// The way of the response back through the filters that the request has entered.
#include <weir/module.h>

#include "chain/exchange.hpp"
#include "chain/module_call.hpp"
#include "event/timers.hpp"
#include "http/h1_writer.hpp"
#include "http/head.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace weir {
namespace {

constexpr size_t answer_memory = 4096;  // what an answer needs though the exchange has used up all

}  // namespace

// ---- responses of our own

// The kernel's own answer: what happened, in one line of text.
void Exchange::answer_error(uint16_t status, const char* reason) {
  if (phase_ == Phase::over || head_sent_) return;
  if (reason_ == nullptr) reason_ = reason;
  const size_t unseen = phase_ == Phase::response ? response_position_ : entered_count_;
  drop_attempt(WEIR_CANCELLED);
  arena_.raise_limit(answer_memory);
  answer_body_.clear();
  answer_ = ResponseHead{};
  answer_.status = status;
  answer_.fields = Fields(arena_);
  answer_.fields.add(WEIR_H_CONTENT_TYPE, "Content-Type", "text/plain; charset=utf-8");
  if (status == 503) answer_.fields.add(WEIR_H_RETRY_AFTER, "Retry-After", "1");
  answer_body_.put(std::to_string(status));  // short enough to need no heap
  answer_body_.put(" ");
  answer_body_.put(usual_reason(status));
  answer_body_.put("\n");
  has_answer_ = true;
  take_answer();
  run_responses(unseen);
}

weir_rc Exchange::answer(uint32_t status, std::span<const weir_field> fields,
                         std::string_view body) {
  if (status < 200 || status > 599) return WEIR_INVALID;
  if (head_sent_ || phase_ == Phase::over) return WEIR_UNSUPPORTED;
  answer_ = ResponseHead{};
  answer_.status = static_cast<uint16_t>(status);
  answer_.fields = Fields(arena_);
  for (const weir_field& field : fields) {
    const std::string_view name = arena_.copy({field.name.p, field.name.n});
    const std::string_view value = arena_.copy({field.value.p, field.value.n});
    if (name.data() == nullptr || value.data() == nullptr ||
        !answer_.fields.add(site_.names.find(name), name, value)) {
      return WEIR_ERROR;
    }
  }
  answer_body_.clear();
  answer_body_.put(body);
  has_answer_ = true;
  return WEIR_OK;
}

// The answer takes the place of whatever response there was.
void Exchange::take_answer() {
  has_answer_ = false;
  drop_attempt(WEIR_CANCELLED);
  waiting_ = nullptr;
  Timer::cancel();
  response_pipe_.clear();
  // Nobody asks for the request any more.
  request_pipe_.clear();
  wants_body_ = false;
  holds_request_ = false;
  hold_timer_.cancel();
  response_.status = answer_.status;
  response_.reason = {};
  response_.fields = std::move(answer_.fields);
  response_.framing = {Framing::Kind::length, answer_body_.length()};
  response_.declared = response_.framing;
  from_upstream_ = false;
  Body& sink = response_pipe_.sink();
  sink.move(answer_body_, answer_body_.length());
  sink.finish();
}

// ---- filters

// Filters `entered` - 1 down to 0 see the response, then it goes out.
void Exchange::run_responses(size_t entered) {
  phase_ = Phase::response;
  response_position_ = entered;
  continue_responses();
  pump_response();
}

void Exchange::continue_responses() {
  while (phase_ == Phase::response && response_position_ > 0) {
    const Entered& entry = entered_[--response_position_];
    if (!WEIR_HAS(weir_http_filter, entry.use->ops, response)) continue;
    called_ = response_position_;
    ModuleCall* const call = call_of(called_);
    if (call == nullptr) return answer_error(500, "exchange_memory");
    calling_side_ = WEIR_RESPONSE;
    calling_ = call;
    const uint32_t verdict = call->run("response", entry.use->ops->response);
    calling_ = nullptr;
    if (!act_on_response(verdict, *entry.use, *call)) return;
    if (response_pipe_.holding()) return;
  }
  if (phase_ == Phase::response) send_head();
}

// False: the chain does not go on now.
bool Exchange::act_on_response(uint32_t verdict, const FilterUse& use, ModuleCall& call) {
  if (verdict == WEIR_NEXT) return true;
  if (verdict == WEIR_WAIT) {
    wait_for(call, *use.owner);
    return false;
  }
  if (verdict == WEIR_ANSWERED && has_answer_) {
    take_answer();
    return true;
  }
  if (fault(*use.owner, "failed in response")) {
    response_pipe_.pass(call);
    return true;
  }
  answer_error(500, "module_fault");
  return false;
}

weir_rc Exchange::want_body(const weir_call& call, uint32_t mode, uint64_t limit) {
  if (mode > WEIR_WHOLE_BODY || &call != calling_) return WEIR_UNSUPPORTED;
  if (response_.status == 101 && calling_side_ == WEIR_RESPONSE) return WEIR_UNSUPPORTED;
  const weir_http_filter& ops = *entered_[called_].use->ops;
  ModuleCall& own = *entered_[called_].call;
  const bool request_side = calling_side_ == WEIR_REQUEST;
  BodyPipe::Callback callback = nullptr;
  if (request_side && WEIR_HAS(weir_http_filter, &ops, request_body)) callback = ops.request_body;
  if (!request_side && WEIR_HAS(weir_http_filter, &ops, response_body)) {
    callback = ops.response_body;
  }
  if (callback == nullptr) return WEIR_UNSUPPORTED;
  BodyPipe& pipe = request_side ? request_pipe_ : response_pipe_;
  const uint64_t most = std::min(limit, site_.limits.buffered_body);
  return pipe.add(arena_, own, callback, mode, most) ? WEIR_OK : WEIR_ERROR;
}

weir_rc Exchange::length_changes(const weir_call& call) {
  if (&call != calling_) return WEIR_UNSUPPORTED;
  (calling_side_ == WEIR_REQUEST ? request_pipe_ : response_pipe_).length_changes();
  return WEIR_OK;
}

void Exchange::pump_response() {
  while (phase_ == Phase::response || phase_ == Phase::sending || phase_ == Phase::serving) {
    if (waiting_ != nullptr && phase_ == Phase::response) return;
    const BodyPipe::Outcome outcome = response_pipe_.pump();
    if (outcome.kind == BodyPipe::Outcome::Kind::stopped) return act_on_stopped(outcome, false);
    if (outcome.kind == BodyPipe::Outcome::Kind::fired) {
      continue_responses();
      continue;
    }
    deliver();
    if (stream_->backlog() >= site_.limits.body_out || !response_pipe_.unblocked()) break;
  }
  wake_handler();
}

// ---- to the client

Framing Exchange::response_framing() const {
  const Body& sink = response_pipe_.sink();
  const bool old = request_.version == Version::http10;
  if (response_.status == 204 || response_.status == 101) return {};
  if (asked_for_head_ || response_.status == 304) {
    if (from_upstream_) return response_.declared;
    if (response_.status == 304 || !sink.finished()) return {};
    return {Framing::Kind::length, sink.length()};
  }
  if (sink.finished()) return {Framing::Kind::length, sink.length()};
  const bool known = from_upstream_ && response_.framing.kind == Framing::Kind::length;
  if (known && !response_pipe_.changes_length()) return response_.framing;
  return {old ? Framing::Kind::until_close : Framing::Kind::chunked, 0};
}

// The endpoint switched protocols, and a filter made another status of it.
bool Exchange::leaves_tunnel() const {
  return from_upstream_ && upstream_status_ == 101 && response_.status != 101;
}

void Exchange::send_head() {
  phase_ = Phase::sending;
  head_sent_ = true;
  if (leaves_tunnel()) {
    drop_attempt(WEIR_SUCCEEDED);
    response_pipe_.entry().finish();
  }
  bodiless_ = asked_for_head_ || response_.status == 304 || response_.status == 204 ||
              response_.status == 101;
  response_.framing = response_framing();
  if (!response_.fields.has(WEIR_H_DATE)) {  // RFC 9110, 6.6.1
    const int64_t now =
        unix_ms_ + std::chrono::duration_cast<std::chrono::milliseconds>(age()).count();
    const std::string_view date = arena_.copy(site_.date.at(now / 1000));
    if (!date.empty()) response_.fields.add(WEIR_H_DATE, "Date", date);
  }
  stream_->send_response(response_);
  if (response_.status != 101) return;
  if (endpoint_ != nullptr) return begin_tunnel();
  stream_->abort();  // a module made up a 101: there is nothing to switch to
}

void Exchange::deliver() {
  if (!head_sent_ || phase_ != Phase::sending || response_over_) return;
  Body& sink = response_pipe_.sink();
  if (bodiless_) {
    // Not waited for: whoever makes the body may never be asked for all of it.
    sink.drop(sink.length());
    sink.finish();
  }
  if (sink.empty() && !sink.finished()) return;
  response_bytes_ += sink.length();
  if (!bodiless_ && response_pipe_.touches_body() &&
      !fits(response_.framing, response_bytes_, sink.finished())) {
    return fail_length("response");
  }
  response_over_ = sink.finished();
  stream_->send_body(sink, response_over_);
}

}  // namespace weir
