// SPDX-License-Identifier: Apache-2.0
//
// Keeps what it was lent for one callback, and uses it a moment after the exchange has ended.
#include "bad.hpp"

#include <string>

namespace {

struct State {
  weir_ref loop_ref = 0;
  weir_tx* tx = nullptr;
  weir_ref ref = 0;
  weir_body* body = nullptr;
  const weir_call* call = nullptr;
};

weir_rc worker_start(void*, const weir_worker* worker, void** state) {
  auto* const made = new State;
  made->loop_ref = worker->ref;
  *state = made;
  return WEIR_OK;
}
void worker_stop(void*, void* state) { delete static_cast<State*>(state); }

uint32_t response(const weir_call* call) {
  bad::http->want_body(call, WEIR_STREAM_BODY, 0);
  return WEIR_NEXT;
}

uint32_t response_body(const weir_call* call, weir_body* in, weir_body* out) {
  auto& state = *static_cast<State*>(call->state);
  state.tx = call->tx;
  state.ref = call->ref;
  state.body = out;
  state.call = call;
  bad::bytes->move(out, in, bad::bytes->length(in));
  if ((call->flags & WEIR_LAST) != 0) bad::bytes->finish(out);
  return WEIR_NEXT;
}

void say(const std::string& text) {
  bad::host->log(nullptr, WEIR_NOTICE, bad::str("use_after: " + text));
}

void nothing(void*, weir_rc) {}

// All of this is of an exchange that has ended.
void late(void* arg, weir_rc why) {
  if (why != WEIR_OK) return;
  const auto& state = *static_cast<State*>(arg);
  say("resume gives " + std::to_string(bad::http->resume(state.ref, WEIR_NEXT)));
  say("tx is " + std::string(bad::http->tx(state.ref) == nullptr ? "nobody" : "somebody"));
  say("timer is " + std::to_string(bad::loop->timer(state.ref, 1, nothing, nullptr)));
  bad::http->get(state.tx, WEIR_REQUEST, WEIR_H_HOST);
  bad::http->want_body(state.call, WEIR_STREAM_BODY, 0);
  bad::bytes->put(state.body, bad::str("late"));
  say("it is over");
}

void end(const weir_call* call) {
  auto* const state = static_cast<State*>(call->state);
  bad::loop->timer(state->loop_ref, 1, late, state);
}

constexpr weir_http_filter ops{sizeof ops,    0,   nullptr, nullptr, response,
                               response_body, end, nullptr};
constexpr weir_component filter = [] {
  weir_component made = bad::filter("use_after", ops);
  made.worker_start = worker_start;
  made.worker_stop = worker_stop;
  return made;
}();

}  // namespace

BAD_MODULE("use_after", "weir.http-filter/1", &filter)
