// SPDX-License-Identifier: Apache-2.0
//
// Throws, or aborts, in the callback that its key names, through the C ABI, which knows no
// exceptions.
#include "bad.hpp"

#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace {

struct Conf {
  weir_str where;
};
constexpr weir_key keys[] = {{"where", "The callback that throws.", "\"\"", WEIR_TEXT, 0,
                              offsetof(Conf, where), nullptr, nullptr, 0, 0}};
constexpr weir_schema schema = WEIR_SCHEMA(keys, Conf);

bool is(const void* conf, std::string_view where) {
  const weir_str told = static_cast<const Conf*>(conf)->where;
  return std::string_view(told.p, told.n) == where;
}

void fail_at(const void* conf, std::string_view where) {
  if (is(conf, where)) throw std::runtime_error("thrown in " + std::string(where));
  if (is(conf, "abort in " + std::string(where))) std::abort();
}

weir_rc configure(const weir_setup* setup, void** instance) {
  fail_at(setup->conf, "configure");
  *instance = const_cast<void*>(setup->conf);
  return WEIR_OK;
}
weir_rc worker_start(void* instance, const weir_worker*, void** state) {
  fail_at(instance, "worker_start");
  *state = instance;
  return WEIR_OK;
}
void worker_stop(void*, void*) {}

// ---- filter

void throw_later(void*, weir_rc why) {
  if (why == WEIR_OK) throw std::runtime_error("thrown later");
}
void abort_later(void*, weir_rc) { std::abort(); }
void nothing(void*, weir_rc) {}

uint32_t request(const weir_call* call) {
  fail_at(call->conf, "request");
  if (is(call->conf, "unknown verdict")) return 77;
  bad::http->want_body(call, WEIR_STREAM_BODY, 0);
  if (is(call->conf, "timer")) {
    return bad::loop->timer(call->ref, 1, throw_later, nullptr) != 0 ? WEIR_WAIT : WEIR_FAIL;
  }
  if (is(call->conf, "post")) {
    return bad::loop->post(call->ref, throw_later, nullptr) == WEIR_OK ? WEIR_WAIT : WEIR_FAIL;
  }
  if (is(call->conf, "task")) {
    return bad::loop->task(call->ref, throw_later, nothing, nullptr) == WEIR_OK ? WEIR_WAIT
                                                                                : WEIR_FAIL;
  }
  if (is(call->conf, "abort in task")) {
    return bad::loop->task(call->ref, abort_later, nothing, nullptr) == WEIR_OK ? WEIR_WAIT
                                                                                : WEIR_FAIL;
  }
  if (is(call->conf, "task's end")) {
    return bad::loop->task(call->ref, nothing, throw_later, nullptr) == WEIR_OK ? WEIR_WAIT
                                                                                : WEIR_FAIL;
  }
  return WEIR_NEXT;
}
uint32_t pass(const weir_call* call, weir_body* in, weir_body* out) {
  bad::bytes->move(out, in, bad::bytes->length(in));
  if ((call->flags & WEIR_LAST) != 0) bad::bytes->finish(out);
  return is(call->conf, "unknown verdict of a body") ? 77 : WEIR_NEXT;
}
uint32_t request_body(const weir_call* call, weir_body* in, weir_body* out) {
  fail_at(call->conf, "request_body");
  return pass(call, in, out);
}
uint32_t response(const weir_call* call) {
  fail_at(call->conf, "response");
  bad::http->want_body(call, WEIR_STREAM_BODY, 0);
  return WEIR_NEXT;
}
uint32_t response_body(const weir_call* call, weir_body* in, weir_body* out) {
  fail_at(call->conf, "response_body");
  return pass(call, in, out);
}
void end(const weir_call* call) { fail_at(call->conf, "end"); }

// ---- handler, observer, balancer

uint32_t handler_request(const weir_call* call) {
  fail_at(call->conf, "request");
  return is(call->conf, "unknown verdict") ? 77 : WEIR_NEXT;
}
uint32_t run(const weir_call* call, weir_body*, weir_body* out) {
  fail_at(call->conf, "run");
  bad::bytes->put(out, bad::str("handled\n"));
  bad::bytes->finish(out);
  return WEIR_NEXT;
}

void exchange(const weir_call* call) { fail_at(call->conf, "exchange"); }
void flush(void* instance, void*) { fail_at(instance, "flush"); }

void* build(void* instance, const weir_endpoint*, size_t) { return instance; }
void drop(void*) {}
int32_t pick(void* instance, const weir_pick*) {
  fail_at(instance, "pick");
  return is(instance, "unknown endpoint") ? 77 : 0;
}
void done(void* instance, const weir_pick*, uint32_t, uint32_t, uint64_t) {
  fail_at(instance, "done");
}

constexpr weir_component with_conf(weir_component made) {
  made.schema = &schema;
  made.configure = configure;
  made.worker_start = worker_start;
  made.worker_stop = worker_stop;
  return made;
}

constexpr weir_http_filter filter_ops{sizeof filter_ops, 0,   request, request_body, response,
                                      response_body,     end, nullptr};
constexpr weir_handler handler_ops{sizeof handler_ops, 0, handler_request, run, end, nullptr};
constexpr weir_observer observer_ops{sizeof observer_ops, 0, exchange, flush};
constexpr weir_balancer balancer_ops{sizeof balancer_ops, build, nullptr, pick, done, drop};

constexpr weir_component filter = with_conf(bad::filter("throw", filter_ops));
constexpr weir_component handler =
    with_conf(bad::component("weir.handler/1", "throw_handler", &handler_ops));
constexpr weir_component observer =
    with_conf(bad::component("weir.observer/1", "throw_observer", &observer_ops));
constexpr weir_component balancer =
    with_conf(bad::component("weir.balancer/1", "throw_balancer", &balancer_ops));

}  // namespace

BAD_MODULE("throw", "weir.http-filter/1,weir.handler/1,weir.observer/1,weir.balancer/1", &filter,
           &handler, &observer, &balancer)
