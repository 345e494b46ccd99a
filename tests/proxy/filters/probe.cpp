// SPDX-License-Identifier: Apache-2.0
//
// A module that does what its keys say, and writes down each call: a filter and a handler for the
// tests of this folder. It speaks the C ABI itself, so that nothing stands between it and the
// kernel.
#include <weir/module.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace {

const weir_http* http;
const weir_bytes* bytes;
const weir_loop* loop;

// What one side of a filter, or a handler, is told to do.
struct Side {
  weir_str act;     // in request or response; see act_on_head
  weir_str resume;  // after wait: next, answer, fail
  weir_str mode;    // skip, stream, peek, whole
  uint64_t limit;
  weir_str body;     // in the body callback; see act_on_body
  uint32_t lengths;  // say length_changes
  uint32_t twice;    // ask for the body in two modes, the last of which counts
};
struct Conf {
  weir_str tag, trace, method, path;
  int64_t status;
  uint32_t timers;
  Side request, response;
};
struct HandlerConf {
  weir_str tag, trace, act, resume, run, file;
  uint64_t size;
};
struct Context {
  uint32_t request_calls, response_calls;
  uint64_t sent;
};

std::string_view view(weir_str text) { return {text.p, text.n}; }
weir_str str(std::string_view text) { return {text.data(), text.size()}; }

void note(weir_str file, const std::string& line) {
  const std::string path(view(file));
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  const std::string whole = line + "\n";
  if (descriptor < 0 || ::write(descriptor, whole.data(), whole.size()) < 0) std::abort();
  ::close(descriptor);
}

template <class C>
void note(const weir_call* call, const char* what, const std::string& more = "") {
  const auto& conf = *static_cast<const C*>(call->conf);
  note(conf.trace, std::string(view(conf.tag)) + " " + what + more);
}

// ---- what comes back later

struct Later {
  weir_ref ref;
  std::string how, tag, trace;
};

void come_back(void* arg, weir_rc why) {
  Later* const later = static_cast<Later*>(arg);
  const weir_str trace = str(later->trace);
  note(trace, later->tag + (why == WEIR_OK ? " timer" : " timer gone"));
  if (why == WEIR_OK && later->how == "answer") {
    http->respond(http->tx(later->ref), 299, nullptr, 0, str("answered later"));
  }
  if (why == WEIR_OK && later->how != "nothing") {
    const uint32_t verdict = later->how == "next"     ? WEIR_NEXT
                             : later->how == "answer" ? WEIR_ANSWERED
                                                      : WEIR_FAIL;
    const weir_rc rc = http->resume(later->ref, verdict);
    if (rc != WEIR_OK) note(trace, later->tag + " resume " + std::to_string(rc));
  }
  delete later;
}

template <class C>
weir_ref start(const weir_call* call, uint64_t ms, std::string_view how) {
  const auto& conf = *static_cast<const C*>(call->conf);
  auto* const later = new Later{call->ref, std::string(how), std::string(view(conf.tag)),
                                std::string(view(conf.trace))};
  const weir_ref timer = loop->timer(call->ref, ms, come_back, later);
  if (timer == 0) delete later;
  return timer;
}

template <class C>
uint32_t wait_for(const weir_call* call, std::string_view how) {
  return start<C>(call, 20, how) != 0 ? WEIR_WAIT : WEIR_FAIL;
}

uint32_t answer(const weir_call* call) {
  const weir_field row{str("X-Answer"), str("yes"), 0, 0};
  const weir_rc rc = http->respond(call->tx, 299, &row, 1, str("answered"));
  return rc == WEIR_OK ? WEIR_ANSWERED : WEIR_FAIL;
}

// ---- the filter

uint32_t mode_of(std::string_view mode) {
  constexpr std::array<std::string_view, 4> modes = {"skip", "stream", "peek", "whole"};
  return static_cast<uint32_t>(std::find(modes.begin(), modes.end(), mode) - modes.begin());
}

// All the memory that the exchange may have, or one piece of `size`.
void eat(const weir_call* call, uint64_t size) {
  uint64_t eaten = 0;
  if (size != 0) {
    eaten = http->alloc(call->tx, size, 1) != nullptr ? size : 0;
  } else {
    while (http->alloc(call->tx, 16, 1) != nullptr) eaten += 16;
  }
  note<Conf>(call, size != 0 && eaten == 0 ? "found no memory" : "has eaten");
}

// Waits, and lets a second resume come when this wait has long ended.
uint32_t wait_twice(const weir_call* call) {
  start<Conf>(call, 120, "fail");
  return wait_for<Conf>(call, "next");
}

uint32_t act_on_head(const weir_call* call, const Side& side) {
  const auto act = view(side.act);
  if (side.twice != 0) http->want_body(call, WEIR_STREAM_BODY, 0);
  if (view(side.mode) != "skip") http->want_body(call, mode_of(view(side.mode)), side.limit);
  if (side.lengths != 0) http->length_changes(call);
  if (act == "answer") return answer(call);
  if (act == "fail") return WEIR_FAIL;
  if (act == "wait") return wait_for<Conf>(call, view(side.resume));
  if (act == "lost") return WEIR_WAIT;
  if (act == "wait_twice") return wait_twice(call);
  if (act == "wait_long") return start<Conf>(call, 300, "next") != 0 ? WEIR_WAIT : WEIR_FAIL;
  if (act == "eat") eat(call, 0);
  if (act == "take") eat(call, side.limit);
  if (act == "reroute") return WEIR_REROUTE;
  if (act == "stale") {
    start<Conf>(call, 50, "next");
    return WEIR_REROUTE;
  }
  if (act == "forge") {
    const weir_field row{str("Content-Length"), str("1"), 0, 0};
    note<Conf>(call, "respond ", std::to_string(http->respond(call->tx, 200, &row, 1, {})));
  }
  return WEIR_NEXT;
}

uint32_t request(const weir_call* call) {
  const auto& conf = *static_cast<const Conf*>(call->conf);
  note<Conf>(call, "request");
  if (conf.method.n != 0) http->set_method(call->tx, conf.method);
  if (conf.path.n != 0) http->set_path(call->tx, conf.path);
  for (uint32_t i = 0; i < conf.timers; ++i) start<Conf>(call, 3'600'000, "nothing");
  if (conf.timers == 3) loop->cancel(start<Conf>(call, 3'600'000, "nothing"));
  if (conf.timers == 3) note<Conf>(call, "cancelled");
  return act_on_head(call, conf.request);
}

uint32_t response(const weir_call* call) {
  const auto& conf = *static_cast<const Conf*>(call->conf);
  note<Conf>(call, "response ", std::to_string(http->number(call->tx, WEIR_A_RESPONSE_STATUS)));
  if (conf.status != 0) http->set_status(call->tx, static_cast<uint32_t>(conf.status));
  return act_on_head(call, conf.response);
}

// The bytes in memory in capitals, or each of them `times` times, as far as there is room.
void convert(weir_body* in, weir_body* out, size_t times) {
  std::array<weir_str, 16> spans;
  while (bytes->length(in) > 0 && bytes->room(out) > 0) {
    const size_t count = bytes->spans(in, spans.data(), spans.size());
    if (count == 0) return bytes->move(out, in, bytes->length(in));
    const size_t take = std::min<size_t>(spans[0].n, std::max<size_t>(bytes->room(out) / times, 1));
    std::string part;
    for (size_t i = 0; i < take; ++i) {
      part.append(times,
                  static_cast<char>(std::toupper(static_cast<unsigned char>(spans[0].p[i]))));
    }
    bytes->drop(in, take);
    bytes->put(out, str(part));
  }
}

// Wants nearly all the room for each of its small pieces.
bool wants_room(const weir_body* out) { return bytes->room(out) < 63'000; }

void pass_some(weir_body* in, weir_body* out) {
  if (!wants_room(out)) bytes->move(out, in, std::min<uint64_t>(bytes->length(in), 10'000));
}

uint32_t act_on_body(const weir_call* call, const Side& side, uint32_t calls, weir_body* in,
                     weir_body* out) {
  const auto act = view(side.body);
  const bool last = (call->flags & WEIR_LAST) != 0;
  if (act == "answer") return answer(call);
  if (act == "fail" || (act == "late_fail" && calls > 1)) return WEIR_FAIL;
  if (act == "wait" && calls == 1) return wait_for<Conf>(call, view(side.resume));
  if (act == "lost" && calls == 1) return WEIR_WAIT;
  if (act == "wait_twice" && calls == 1) return wait_twice(call);
  if (act == "waits_and_drops" && calls % 2 == 1) return wait_for<Conf>(call, "next");
  if (act == "hoard") return WEIR_NEXT;
  if (act == "upper") convert(in, out, 1);
  if (act == "double") convert(in, out, 2);
  if (act == "drop" || act == "waits_and_drops") bytes->drop(in, bytes->length(in));
  if (act == "replace") {
    bytes->put(out, str("replaced"));
    bytes->finish(out);
    return WEIR_NEXT;
  }
  if (act == "want") {
    note<Conf>(call, "want ", std::to_string(http->want_body(call, WEIR_WHOLE_BODY, 10)));
  }
  if (act == "wants_room") pass_some(in, out);
  if (act != "upper" && act != "double" && act != "wants_room")
    bytes->move(out, in, bytes->length(in));
  if (last && bytes->length(in) == 0) bytes->finish(out);
  return WEIR_NEXT;
}

std::string seen(const weir_call* call, const weir_body* in) {
  std::string text = std::to_string(bytes->length(in));
  if ((call->flags & WEIR_LAST) != 0) text += " last";
  if ((call->flags & WEIR_OVER_LIMIT) != 0) text += " over";
  return text;
}

uint32_t request_body(const weir_call* call, weir_body* in, weir_body* out) {
  note<Conf>(call, "request_body ", seen(call, in));
  Context& context = *static_cast<Context*>(call->ctx);
  return act_on_body(call, static_cast<const Conf*>(call->conf)->request, ++context.request_calls,
                     in, out);
}

uint32_t response_body(const weir_call* call, weir_body* in, weir_body* out) {
  note<Conf>(call, "response_body ", seen(call, in));
  Context& context = *static_cast<Context*>(call->ctx);
  return act_on_body(call, static_cast<const Conf*>(call->conf)->response, ++context.response_calls,
                     in, out);
}

void end(const weir_call* call) {
  note<Conf>(call, "end");
  const auto& conf = *static_cast<const Conf*>(call->conf);
  if (conf.timers != 0 && start<Conf>(call, 1, "nothing") != 0) note<Conf>(call, "timer after end");
}

// ---- the handler

uint32_t handler_request(const weir_call* call) {
  const auto& conf = *static_cast<const HandlerConf*>(call->conf);
  note<HandlerConf>(call, "request");
  const auto act = view(conf.act);
  if (act == "answer") return answer(call);
  if (act == "fail") return WEIR_FAIL;
  if (act == "wait") return wait_for<HandlerConf>(call, view(conf.resume));
  if (act == "lost") return WEIR_WAIT;
  return WEIR_NEXT;
}

struct Lent {
  std::string trace, text;
};

void give_back(void* arg, weir_rc) {
  Lent* const lent = static_cast<Lent*>(arg);
  note(str(lent->trace), "released");
  delete lent;
}

uint32_t pour(const weir_call* call, const HandlerConf& conf, weir_body* out) {
  Context& context = *static_cast<Context*>(call->ctx);
  while (context.sent < conf.size && bytes->room(out) > 0) {
    const std::string part(std::min<uint64_t>(conf.size - context.sent, 10'000), 'z');
    context.sent += part.size();
    bytes->put(out, str(part));
  }
  if (context.sent == conf.size) bytes->finish(out);
  return WEIR_NEXT;
}

uint32_t pour_with_room(const weir_call* call, const HandlerConf& conf, weir_body* out) {
  Context& context = *static_cast<Context*>(call->ctx);
  if (wants_room(out)) return WEIR_NEXT;
  const std::string part(std::min<uint64_t>(conf.size - context.sent, 3'000), 'r');
  context.sent += part.size();
  bytes->put(out, str(part));
  if (context.sent == conf.size) bytes->finish(out);
  return WEIR_NEXT;
}

uint32_t lend(const HandlerConf& conf, weir_body* out) {
  auto* const lent = new Lent{std::string(view(conf.trace)), std::string(conf.size, 'l')};
  bytes->put_owned(out, str(lent->text), give_back, lent);
  bytes->finish(out);
  return WEIR_NEXT;
}

uint32_t give_file(const HandlerConf& conf, weir_body* out) {
  const std::string path(view(conf.file));
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  bytes->put_file(out, descriptor, 0, conf.size);
  ::close(descriptor);
  bytes->finish(out);
  return WEIR_NEXT;
}

uint32_t run(const weir_call* call, weir_body* in, weir_body* out) {
  const auto& conf = *static_cast<const HandlerConf*>(call->conf);
  Context& context = *static_cast<Context*>(call->ctx);
  const auto act = view(conf.run);
  const uint32_t calls = ++context.request_calls;
  if (calls == 1) note<HandlerConf>(call, "run");
  if (act == "pour") return pour(call, conf, out);
  if (act == "pour_with_room") return pour_with_room(call, conf, out);
  if (act == "lend") return lend(conf, out);
  if (act == "file") return give_file(conf, out);
  if (act == "fail" || (act == "late_fail" && context.sent > 0)) return WEIR_FAIL;
  if (act == "answer") return answer(call);
  if (act == "wait" && calls == 1) return wait_for<HandlerConf>(call, view(conf.resume));
  if (act == "late_fail") {
    context.sent = 1;
    bytes->put(out, str(std::string(70'000, 'f')));
    return WEIR_NEXT;
  }
  // An echo in portions, so that it is always behind.
  bytes->move(out, in, std::min<uint64_t>(bytes->length(in), 10'000));
  if ((call->flags & WEIR_LAST) != 0 && bytes->length(in) == 0) bytes->finish(out);
  return WEIR_NEXT;
}

void handler_end(const weir_call* call) { note<HandlerConf>(call, "end"); }

// ---- the tables

weir_rc load(const weir_host* host) {
  http = static_cast<const weir_http*>(host->get("weir.http/1"));
  bytes = static_cast<const weir_bytes*>(host->get("weir.body/1"));
  loop = static_cast<const weir_loop*>(host->get("weir.loop/1"));
  return http != nullptr && bytes != nullptr && loop != nullptr ? WEIR_OK : WEIR_ERROR;
}

weir_rc configure(const weir_setup* setup, void** instance) {
  *instance = const_cast<void*>(setup->conf);
  return WEIR_OK;
}

constexpr weir_key text(const char* name, const char* preset, size_t offset) {
  return {name,   "Told by a test.", preset,  WEIR_TEXT, WEIR_PER_ROUTE,
          offset, nullptr,           nullptr, 0,         0};
}
constexpr weir_key flag(const char* name, size_t offset) {
  return {name,   "Told by a test.", "false", WEIR_BOOL, WEIR_PER_ROUTE,
          offset, nullptr,           nullptr, 0,         0};
}
constexpr weir_key size(const char* name, const char* preset, size_t offset) {
  return {name,   "Told by a test.", preset,  WEIR_BYTES, WEIR_PER_ROUTE,
          offset, nullptr,           nullptr, 0,          0};
}

const char* const counts[] = {"0", "1", "2", "3", nullptr};
const weir_key side_keys[] = {
    text("act", "next", offsetof(Side, act)),   text("resume", "next", offsetof(Side, resume)),
    text("mode", "skip", offsetof(Side, mode)), size("limit", "64KiB", offsetof(Side, limit)),
    text("body", "pass", offsetof(Side, body)), flag("lengths", offsetof(Side, lengths)),
    flag("twice", offsetof(Side, twice))};
const weir_schema side_schema = WEIR_SCHEMA(side_keys, Side);
constexpr weir_key side(const char* name, size_t offset) {
  return {name,   "Told by a test.", nullptr,      WEIR_TABLE, WEIR_PER_ROUTE,
          offset, nullptr,           &side_schema, 0,          0};
}
const weir_key keys[] = {
    text("tag", "probe", offsetof(Conf, tag)),
    text("trace", "/dev/null", offsetof(Conf, trace)),
    text("method", "", offsetof(Conf, method)),
    text("path", "", offsetof(Conf, path)),
    {"status", "Told by a test.", "0", WEIR_INT, 0, offsetof(Conf, status), nullptr, nullptr, 0, 0},
    {"timers", "Told by a test.", "0", WEIR_CHOICE, 0, offsetof(Conf, timers), counts, nullptr, 0,
     0},
    side("request", offsetof(Conf, request)),
    side("response", offsetof(Conf, response))};
const weir_schema schema = WEIR_SCHEMA(keys, Conf);
const weir_key handler_keys[] = {text("tag", "handler", offsetof(HandlerConf, tag)),
                                 text("trace", "/dev/null", offsetof(HandlerConf, trace)),
                                 text("act", "next", offsetof(HandlerConf, act)),
                                 text("resume", "next", offsetof(HandlerConf, resume)),
                                 text("run", "echo", offsetof(HandlerConf, run)),
                                 text("file", "", offsetof(HandlerConf, file)),
                                 size("size", "1KiB", offsetof(HandlerConf, size))};
const weir_schema handler_schema = WEIR_SCHEMA(handler_keys, HandlerConf);

const weir_http_filter filter{sizeof(weir_http_filter),
                              sizeof(Context),
                              request,
                              request_body,
                              response,
                              response_body,
                              end,
                              nullptr};
const weir_handler handler{sizeof(weir_handler), sizeof(Context), handler_request, run,
                           handler_end,          nullptr};

const weir_component filter_component{sizeof(weir_component),
                                      WEIR_ANSWERS,
                                      "weir.http-filter/1",
                                      "probe",
                                      "Does as it is told.",
                                      &schema,
                                      &filter,
                                      nullptr,
                                      configure,
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      nullptr};
const weir_component handler_component{sizeof(weir_component),
                                       0,
                                       "weir.handler/1",
                                       "probe_handler",
                                       "Answers as it is told.",
                                       &handler_schema,
                                       &handler,
                                       nullptr,
                                       configure,
                                       nullptr,
                                       nullptr,
                                       nullptr,
                                       nullptr,
                                       nullptr,
                                       nullptr};
const weir_component* const components[] = {&filter_component, &handler_component, nullptr};
const weir_module module{sizeof(weir_module), WEIR_ABI_MINOR,        0,          "probe", "1.0",
                         "Apache-2.0",        "Does as it is told.", components, nullptr, load};

}  // namespace

WEIR_NOTE("probe", "1.0", "0", "weir.http-filter/1,weir.handler/1");

WEIR_EXPORT const weir_module* WEIR_ENTRY(void) { return &module; }
