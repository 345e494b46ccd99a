// SPDX-License-Identifier: Apache-2.0
//
// The way of the response back through the filters that the request has entered.
#include "chain/chain.hpp"
#include "chain/exchange.hpp"
#include "chain/forwarding.hpp"
#include "http/h1_writer.hpp"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

std::string_view decimal(uint64_t value, Arena& arena) {
  char digits[20];
  char* at = std::end(digits);
  do {
    *--at = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  return arena.copy({at, static_cast<size_t>(std::end(digits) - at)});
}

}  // namespace

// ---- responses of our own

// The kernel's own answer: what happened, in one line of text.
void Exchange::answer_error(uint16_t status, const char* reason) {
  if (phase_ == Phase::over || head_sent_) return;
  if (reason_ == nullptr) reason_ = reason;
  const size_t unseen = phase_ == Phase::response ? response_position_ : entered_count_;
  drop_attempt(WEIR_CANCELLED);
  answer_body_.clear();
  answer_ = ResponseHead{};
  answer_.status = status;
  answer_.fields = Fields(arena_);
  answer_.fields.add(WEIR_H_CONTENT_TYPE, "Content-Type", "text/plain; charset=utf-8");
  if (status == 503) answer_.fields.add(WEIR_H_RETRY_AFTER, "Retry-After", "1");
  answer_body_.put(decimal(status, arena_));
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
  answer_ = ResponseHead{};
  answer_.status = static_cast<uint16_t>(status);
  answer_.fields = Fields(arena_);
  for (const weir_field& field : fields) {
    const std::string_view name = arena_.copy({field.name.p, field.name.n});
    const std::string_view value = arena_.copy({field.value.p, field.value.n});
    if (name.data() == nullptr || value.data() == nullptr ||
        !answer_.fields.add(field.id, name, value)) {
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
    weir_call* const call = call_of(called_);
    if (call == nullptr) return answer_error(500, "exchange_memory");
    calling_side_ = WEIR_RESPONSE;
    const uint32_t verdict = entry.use->ops->response(call);
    if (verdict == WEIR_WAIT) waiting_ = call;
    if (!act_on_response(verdict, *entry.use)) return;
    if (response_pipe_.holding()) return;
  }
  if (phase_ == Phase::response) send_head();
}

// False: the chain does not go on now.
bool Exchange::act_on_response(uint32_t verdict, const FilterUse& use) {
  if (verdict == WEIR_NEXT) return true;
  if (verdict == WEIR_WAIT) {
    wait(*use.owner);
    return false;
  }
  if (verdict == WEIR_ANSWERED && has_answer_) {
    take_answer();
    return true;
  }
  fault(*use.owner, "failed in response");
  if (use.owner->fails_open) return true;
  answer_error(500, "module_fault");
  return false;
}

weir_rc Exchange::want_body(const weir_call& call, uint32_t mode, uint64_t limit) {
  if (mode == WEIR_SKIP_BODY) return WEIR_OK;
  if (mode > WEIR_WHOLE_BODY || phase_ == Phase::tunnel || &call == handler_call_) {
    return WEIR_UNSUPPORTED;
  }
  if (response_.status == 101 && calling_side_ == WEIR_RESPONSE) return WEIR_UNSUPPORTED;
  const weir_http_filter& ops = *entered_[called_].use->ops;
  weir_call* const own = entered_[called_].call;
  if (own != &call) return WEIR_INVALID;
  const bool request_side = calling_side_ == WEIR_REQUEST;
  BodyPipe::Callback callback = nullptr;
  if (request_side && WEIR_HAS(weir_http_filter, &ops, request_body)) callback = ops.request_body;
  if (!request_side && WEIR_HAS(weir_http_filter, &ops, response_body)) {
    callback = ops.response_body;
  }
  if (callback == nullptr) return WEIR_UNSUPPORTED;
  BodyPipe& pipe = request_side ? request_pipe_ : response_pipe_;
  return pipe.add(arena_, *own, callback, mode, std::min(limit, site_.limits.buffered_body))
             ? WEIR_OK
             : WEIR_ERROR;
}

weir_rc Exchange::length_changes(const weir_call& call) {
  if (entered_count_ <= called_ || entered_[called_].call != &call) return WEIR_INVALID;
  (calling_side_ == WEIR_REQUEST ? request_pipe_ : response_pipe_).length_changes();
  return WEIR_OK;
}

void Exchange::pump_response() {
  while (phase_ == Phase::response || phase_ == Phase::sending || phase_ == Phase::serving) {
    const BodyPipe::Outcome outcome = response_pipe_.pump();
    if (outcome.kind == BodyPipe::Outcome::Kind::moved) return deliver();
    if (outcome.kind == BodyPipe::Outcome::Kind::stopped) return act_on_stopped(outcome, false);
    if (waiting_ == nullptr) continue_responses();
  }
}

// ---- to the client

Framing Exchange::response_framing() const {
  const Body& sink = response_pipe_.sink();
  const bool old = request_.version == Version::http10;
  if (response_.status == 204 || response_.status == 101) return {};
  if (request_.method == "HEAD" || response_.status == 304) {
    if (from_upstream_) return response_.declared;
    if (response_.status == 304 || !sink.finished()) return {};
    return {Framing::Kind::length, sink.length()};
  }
  if (sink.finished()) return {Framing::Kind::length, sink.length()};
  const bool known = from_upstream_ && response_.framing.kind == Framing::Kind::length;
  if (known && !response_pipe_.changes_length()) return response_.framing;
  return {old ? Framing::Kind::until_close : Framing::Kind::chunked, 0};
}

void Exchange::send_head() {
  phase_ = Phase::sending;
  head_sent_ = true;
  bodiless_ = request_.method == "HEAD" || response_.status == 304 || response_.status == 204 ||
              response_.status == 101;
  response_.framing = response_framing();
  if (!response_.fields.has(WEIR_H_DATE)) {  // RFC 9110, 6.6.1
    const int64_t now =
        unix_ms_ + std::chrono::duration_cast<std::chrono::milliseconds>(age()).count();
    response_.fields.add(WEIR_H_DATE, "Date", arena_.copy(site_.date.at(now / 1000)));
  }
  stream_->send_response(response_);
  if (response_.status != 101) return;
  if (endpoint_ != nullptr) return begin_tunnel();
  stream_->abort();  // a module made up a 101: there is nothing to switch to
}

void Exchange::deliver() {
  if (!head_sent_ || phase_ != Phase::sending || response_over_) return;
  Body& sink = response_pipe_.sink();
  if (bodiless_) sink.drop(sink.length());
  if (sink.empty() && !sink.finished()) return;
  response_bytes_ += sink.length();
  response_over_ = sink.finished();
  stream_->send_body(sink, response_over_);
}

}  // namespace weir
