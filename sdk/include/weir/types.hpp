// SPDX-License-Identifier: Apache-2.0
//
// weir/types.hpp: what the hooks of a module are given, and the types of its conf members. Thin
// views over the tables of module.h, by value or reference, that own nothing; where a line here
// says nothing on thread or lifetime, the line of module.h that it calls does.
#pragma once

#include <weir/module.h>

#include <chrono>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

// Hidden, so that nothing of it is exported however a module is linked.
#pragma GCC visibility push(hidden)

namespace weir {

// ---- The host and its services; set before any other code of the module runs ------------------

inline const weir_host* host = nullptr;
inline const weir_http* http = nullptr;
inline const weir_bytes* bytes = nullptr;  // may be missing unless a hook moves bodies
inline const weir_loop* loop = nullptr;    // may be missing: after, post and task then refuse

enum class Level : uint32_t { trace, debug, info, notice, warn, error };

// Whether a line of this level is written at all; ask before formatting one.
inline bool logs(Level level) { return static_cast<uint32_t>(level) >= *host->log_level; }

inline weir_str raw(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(weir_str text) { return {text.p, text.n}; }

inline void log(const void* instance, Level level, std::string_view text) {
  if (logs(level)) host->log(instance, static_cast<uint32_t>(level), raw(text));
}

// ---- Names
// ---------------------------------------------------------------------------------------

// Of a field or an attribute: Id{WEIR_H_COOKIE}, Id{WEIR_A_ROUTE}, a Header, a Map entry's id().
struct Id {
  uint32_t value = 0;
};

// A name known for good, at namespace scope and in lower case: weir::Header x_hello{"x-hello"};
class Header {
 public:
  explicit Header(const char* name) : name_(name), next_(all) { all = this; }
  ~Header() = default;
  Header(const Header&) = delete;
  Header& operator=(const Header&) = delete;

  operator Id() const { return id_; }  // NOLINT(google-explicit-constructor)
  Id id() const { return id_; }
  std::string_view name() const { return name_; }

  static void intern_all() {
    for (Header* at = all; at != nullptr; at = at->next_) {
      at->id_.value = host->intern(raw(at->name_));
    }
  }

 private:
  static inline Header* all = nullptr;
  std::string_view name_;
  Id id_;
  Header* next_;
};
using Attribute = Header;

// One line for respond.
inline weir_field field(const Header& header, std::string_view value) {
  return {raw(header.name()), raw(value), header.id().value, 0};
}

// ---- Types of conf members: what the kernel fills in -------------------------------------------

struct Bool {
  uint32_t value;
  operator bool() const { return value != 0; }  // NOLINT(google-explicit-constructor)
};

struct Text : weir_str {
  operator std::string_view() const { return {p, n}; }  // NOLINT(google-explicit-constructor)
  std::string_view view() const { return {p, n}; }
  bool empty() const { return n == 0; }
  bool absent() const { return p == nullptr; }
  friend bool operator==(Text left, std::string_view right) { return left.view() == right; }
};
struct File : Text {};    // a path; not opened
struct Secret : Text {};  // never shown

struct Duration {
  int64_t count;
  operator std::chrono::nanoseconds() const {  // NOLINT(google-explicit-constructor)
    return std::chrono::nanoseconds{count};
  }
  std::chrono::milliseconds milliseconds() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::nanoseconds{count});
  }
  std::chrono::seconds seconds() const {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::nanoseconds{count});
  }
};

struct Bytes {
  uint64_t count;
  operator uint64_t() const { return count; }  // NOLINT(google-explicit-constructor)
};
struct Percent {
  double share;                              // 0 to 1
  operator double() const { return share; }  // NOLINT(google-explicit-constructor)
};
struct Rate {
  double per_second;
  operator double() const { return per_second; }  // NOLINT(google-explicit-constructor)
};

// Enumerators from 0 on, in the order of the names given to WEIR_KEY_CHOICE.
template <class Enum>
struct Choice {
  uint32_t index;
  operator Enum() const { return static_cast<Enum>(index); }  // NOLINT(google-explicit-constructor)
};

struct Template {  // expanded by Exchange::expand
  const weir_template* compiled;
  explicit operator bool() const { return compiled != nullptr; }
};

using Address = weir_address;

struct Cidr : weir_cidr {
  bool contains(const Address& address) const {
    const uint32_t whole = bits / 8;
    if (address.family != 4 && address.family != 6) return false;
    if (std::memcmp(bytes, address.bytes, whole) != 0) return false;
    const uint32_t rest = bits % 8;
    return rest == 0 || ((bytes[whole] ^ address.bytes[whole]) >> (8 - rest)) == 0;
  }
};

template <class T>
struct List : weir_list {
  using Item = T;
  static constexpr uint32_t flag = WEIR_LIST;
  const T* begin() const { return static_cast<const T*>(items); }
  const T* end() const { return begin() + n; }
  const T& operator[](size_t index) const { return begin()[index]; }
  size_t size() const { return n; }
  bool empty() const { return n == 0; }
};

template <class T>
struct Entry {
  Text key;
  uint64_t key_id;  // with WEIR_FIELD_KEYS
  T value;
  Id id() const { return {static_cast<uint32_t>(key_id)}; }
};

template <class T>
struct Map : List<Entry<T>> {
  using Item = T;
  static constexpr uint32_t flag = WEIR_MAP;
};

template <class T>
concept Repeated = requires {
  T::flag;
};

template <class T>
struct ItemPart {
  using Type = T;
};
template <Repeated T>
struct ItemPart<T> {
  using Type = typename T::Item;
};
template <class T>
using ItemOf = typename ItemPart<T>::Type;

template <class T>
consteval uint32_t list_flag() {
  if constexpr (Repeated<T>) return T::flag;
  return 0;
}

template <class T>
inline constexpr bool is_choice = false;
template <class Enum>
inline constexpr bool is_choice<Choice<Enum>> = true;

// The WEIR_* type of a conf member, or of its entries.
template <class Member>
consteval uint32_t type_of() {
  using T = ItemOf<Member>;
  static_assert(!std::is_same_v<T, bool>, "a conf member is a weir::Bool, not a bool");
  static_assert(std::is_class_v<T> || std::is_same_v<T, int64_t> || std::is_same_v<T, double>,
                "a conf member is int64_t, double, or one of the types of weir/types.hpp");
  if constexpr (std::is_same_v<T, Bool>) return WEIR_BOOL;
  if constexpr (std::is_same_v<T, int64_t>) return WEIR_INT;
  if constexpr (std::is_same_v<T, double>) return WEIR_FLOAT;
  if constexpr (std::is_same_v<T, Text>) return WEIR_TEXT;
  if constexpr (std::is_same_v<T, Duration>) return WEIR_DURATION;
  if constexpr (std::is_same_v<T, Bytes>) return WEIR_BYTES;
  if constexpr (std::is_same_v<T, Percent>) return WEIR_PERCENT;
  if constexpr (std::is_same_v<T, Rate>) return WEIR_RATE;
  if constexpr (is_choice<T>) return WEIR_CHOICE;
  if constexpr (std::is_same_v<T, Template>) return WEIR_TEMPLATE;
  if constexpr (std::is_same_v<T, Cidr>) return WEIR_CIDR;
  if constexpr (std::is_same_v<T, File>) return WEIR_FILE;
  if constexpr (std::is_same_v<T, Secret>) return WEIR_SECRET;
  return WEIR_TABLE;
}

// ---- An exchange -----------------------------------------------------------------------------

enum class Verdict : uint32_t {
  next = WEIR_NEXT,
  wait = WEIR_WAIT,
  answered = WEIR_ANSWERED,
  fail = WEIR_FAIL,
  reroute = WEIR_REROUTE,
};
enum class Escape : uint32_t { none, json, log, uri, html };
enum class BodyMode : uint32_t { skip, stream, peek, whole };

// A metric cell of an instance: made by Setup, counted through Exchange or Worker.
struct Metric {
  uint32_t index;
};

// The fields of one side. Views last until the next change; a change says whether it was legal.
class Fields {
 public:
  Fields(weir_tx* tx, uint32_t side) : tx_(tx), side_(side) {}

  std::string_view operator[](Id id) const { return view(http->get(tx_, side_, id.value)); }
  bool has(Id id) const { return http->get(tx_, side_, id.value).p != nullptr; }
  Text find(std::string_view lower_case) const { return {http->find(tx_, side_, raw(lower_case))}; }
  bool set(Id id, std::string_view value) const {
    return http->set(tx_, side_, id.value, raw(value)) == WEIR_OK;
  }
  bool add(Id id, std::string_view value) const {
    return http->add(tx_, side_, id.value, raw(value)) == WEIR_OK;
  }
  bool remove(Id id) const { return http->remove(tx_, side_, id.value) == WEIR_OK; }

  std::span<const weir_field> all() const {
    size_t count = 0;
    const weir_field* first = http->fields(tx_, side_, &count);
    return {first, count};
  }

  // Of the response, whichever side this is.
  int status() const { return static_cast<int>(http->number(tx_, WEIR_A_RESPONSE_STATUS)); }
  bool set_status(uint32_t status) const { return http->set_status(tx_, status) == WEIR_OK; }

 private:
  weir_tx* tx_;
  uint32_t side_;
};

class Later;

// A view of the current exchange, for the time of a callback; to return later, keep later().
class Exchange {
 public:
  explicit Exchange(const weir_call& call) : tx_(call.tx), call_(&call) {}
  explicit Exchange(weir_tx* tx) : tx_(tx) {}
  explicit operator bool() const {
    return tx_ != nullptr;
  }  // false: it has ended, or there is none

  Fields request() const { return {tx_, WEIR_REQUEST}; }
  Fields response() const { return {tx_, WEIR_RESPONSE}; }

  Text attr(Id id) const { return {http->attr(tx_, id.value)}; }
  uint64_t number(Id id) const { return http->number(tx_, id.value); }
  bool set_attr(Id id, std::string_view value) const {
    return http->set_attr(tx_, id.value, raw(value)) == WEIR_OK;
  }
  std::string_view method() const { return attr({WEIR_A_REQUEST_METHOD}); }
  std::string_view scheme() const { return attr({WEIR_A_REQUEST_SCHEME}); }
  std::string_view host_name() const { return attr({WEIR_A_REQUEST_HOST}); }
  std::string_view authority() const { return attr({WEIR_A_REQUEST_AUTHORITY}); }
  std::string_view path() const { return attr({WEIR_A_REQUEST_PATH}); }
  Text query() const { return attr({WEIR_A_REQUEST_QUERY}); }
  bool set_method(std::string_view method) const {
    return http->set_method(tx_, raw(method)) == WEIR_OK;
  }
  bool set_path(std::string_view path) const { return http->set_path(tx_, raw(path)) == WEIR_OK; }
  bool set_query(std::string_view query) const {
    return http->set_query(tx_, raw(query)) == WEIR_OK;
  }
  bool remove_query() const { return http->set_query(tx_, {}) == WEIR_OK; }
  bool set_authority(std::string_view authority) const {
    return http->set_authority(tx_, raw(authority)) == WEIR_OK;
  }

  Address peer() const { return http->peer(tx_); }
  Address client() const { return http->client(tx_); }
  bool set_client(const Address& client) const { return http->set_client(tx_, client) == WEIR_OK; }

  // Lasts as long as the exchange. data() is nullptr when the template is absent or its text would
  // be longer than 64 KiB.
  std::string_view expand(Template text, Escape escape = Escape::none) const {
    if (!text) return {};
    return view(http->expand(tx_, text.compiled, static_cast<uint32_t>(escape)));
  }
  void* alloc(size_t size, size_t align = alignof(std::max_align_t)) const {
    return http->alloc(tx_, size, align);
  }

  // Answers, and is what the hook returns: return exchange.respond(403, "no\n");
  Verdict respond(uint32_t status, std::string_view body,
                  std::span<const weir_field> fields) const {
    const weir_rc rc = http->respond(tx_, status, fields.data(), fields.size(), raw(body));
    return rc == WEIR_OK ? Verdict::answered : Verdict::fail;
  }
  Verdict respond(uint32_t status, std::string_view body = {},
                  std::initializer_list<weir_field> fields = {}) const {
    return respond(status, body, std::span{fields.begin(), fields.size()});
  }

  // Only in a hook that was called for this exchange, not on what Later or Pick give:
  bool want_body(BodyMode mode, uint64_t limit = 0) const {
    return http->want_body(call_, static_cast<uint32_t>(mode), limit) == WEIR_OK;
  }
  bool length_changes() const { return http->length_changes(call_) == WEIR_OK; }
  bool last() const { return (call_->flags & WEIR_LAST) != 0; }
  bool over_limit() const { return (call_->flags & WEIR_OVER_LIMIT) != 0; }
  bool tunnel() const { return (call_->flags & WEIR_TUNNEL) != 0; }
  void count(Metric metric, uint64_t amount = 1) const { call_->cells[metric.index] += amount; }
  void log(Level level, std::string_view text) const { weir::log(call_->instance, level, text); }
  Later later() const;

 private:
  weir_tx* tx_;
  const weir_call* call_ = nullptr;
};

// For a hook that returns Verdict::wait: a handle that outlives its exchange harmlessly.   [W]
class Later {
 public:
  explicit Later(weir_ref ref) : ref_(ref) {}
  weir_ref ref() const { return ref_; }  // owner for after, post and task
  Exchange exchange() const { return Exchange{http->tx(ref_)}; }
  bool resume(Verdict verdict) const {
    return http->resume(ref_, static_cast<uint32_t>(verdict)) == WEIR_OK;
  }

 private:
  weir_ref ref_;
};
inline Later Exchange::later() const { return Later{call_->ref}; }

// What a body hook reads. What it leaves comes again.
class Input {
 public:
  explicit Input(weir_body* body) : body_(body) {}
  weir_body* get() const { return body_; }
  uint64_t length() const { return bytes->length(body_); }
  size_t spans(std::span<weir_str> to) const { return bytes->spans(body_, to.data(), to.size()); }
  std::string_view front() const {  // the first bytes that lie together; empty: none
    weir_str first{};
    return bytes->spans(body_, &first, 1) == 1 ? view(first) : std::string_view{};
  }
  void drop(uint64_t count) const { bytes->drop(body_, count); }

 private:
  weir_body* body_;
};

// What a body hook or a handler writes. WEIR_FULL is advice: all was taken, return soon.
class Output {
 public:
  explicit Output(weir_body* body) : body_(body) {}
  weir_body* get() const { return body_; }
  size_t room() const { return bytes->room(body_); }
  void move(Input from, uint64_t count) const { bytes->move(body_, from.get(), count); }
  void move(Input from) const { move(from, from.length()); }
  weir_rc put(std::string_view text) const { return bytes->put(body_, raw(text)); }
  weir_rc put_owned(std::string_view text, weir_fn release, void* arg) const {
    return bytes->put_owned(body_, raw(text), release, arg);
  }
  weir_rc put_file(int fd, uint64_t at, uint64_t count) const {
    return bytes->put_file(body_, fd, at, count);
  }
  void finish() const { bytes->finish(body_); }

 private:
  weir_body* body_;
};

class Say {  // one line of `weir explain`
 public:
  Say(void* to, void (*say)(void*, weir_str)) : to_(to), say_(say) {}
  void operator()(std::string_view text) const { say_(to_, raw(text)); }

 private:
  void* to_;
  void (*say_)(void*, weir_str);
};

// ---- Instances and loops ---------------------------------------------------------------------

// What configure may ask and say. An error refuses the file; `key` is a path such as "rules[2].to"
// and nullptr means the whole table.
class Setup {
 public:
  explicit Setup(const weir_setup& setup) : setup_(setup) {}
  std::string_view name() const { return view(setup_.name); }
  void warn(const char* key, std::string_view text, std::string_view hint = {}) const {
    setup_.complain(setup_.report, WEIR_WARN, key, raw(text), raw(hint));
  }
  void error(const char* key, std::string_view text, std::string_view hint = {}) {
    refused_ = true;
    setup_.complain(setup_.report, WEIR_ERR, key, raw(text), raw(hint));
  }
  Metric counter(const char* metric, const char* help) const {
    return {setup_.metric(setup_.report, WEIR_COUNTER, metric, help)};
  }
  Metric gauge(const char* metric, const char* help) const {
    return {setup_.metric(setup_.report, WEIR_GAUGE, metric, help)};
  }
  // Of a transport: WEIR_ACCEPTED for a listener, WEIR_CONNECTED for an upstream.
  uint32_t side() const { return setup_.side; }
  bool refused() const { return refused_; }
  const void* conf() const { return setup_.conf; }

 private:
  const weir_setup& setup_;
  bool refused_ = false;
};

// One loop as an instance meets it; a value that may be kept until the State ends.
class Worker {
 public:
  Worker(const weir_worker& worker, const void* instance) : worker_(&worker), instance_(instance) {}
  uint32_t index() const { return worker_->index; }
  uint32_t count() const { return worker_->count; }
  weir_ref ref() const { return worker_->ref; }  // owner for after, post and task
  void count(Metric metric, uint64_t amount) const { worker_->cells[metric.index] += amount; }
  void log(Level level, std::string_view text) const { weir::log(instance_, level, text); }

 private:
  const weir_worker* worker_;
  const void* instance_;
};

// ---- Balancers -------------------------------------------------------------------------------

using Endpoints = std::span<const weir_endpoint>;

class Pick {
 public:
  static constexpr int32_t none = -1;  // what `pick` returns when every endpoint is skipped
  explicit Pick(const weir_pick& pick) : pick_(pick) {}
  uint32_t count() const { return pick_.count; }
  bool skips(uint32_t endpoint) const { return pick_.skip != nullptr && pick_.skip[endpoint] != 0; }
  uint32_t in_flight(uint32_t endpoint) const { return pick_.in_flight[endpoint]; }
  uint64_t random() const { return pick_.random; }
  Exchange exchange() const { return Exchange{pick_.tx}; }
  // The state_size() bytes of this table on this loop, zero at first.
  template <class T>
  T* state() const {
    static_assert(std::is_trivial_v<T>);
    return static_cast<T*>(pick_.state);
  }

 private:
  const weir_pick& pick_;
};

struct Outcome {
  uint32_t endpoint;
  uint32_t what;  // WEIR_SUCCEEDED, ...
  std::chrono::nanoseconds took;
};

// ---- Later work ------------------------------------------------------------------------------

template <class Fn>
void guarded(const void* instance, Fn&& fn) noexcept {
  try {
    fn();
  } catch (const std::exception& error) {
    log(instance, Level::error, error.what());
  } catch (...) {
    log(instance, Level::error, "exception of unknown type");
  }
}

template <class Fn>
void run_once(void* arg, weir_rc why) {
  const std::unique_ptr<Fn> fn{static_cast<Fn*>(arg)};
  if (why == WEIR_OK) guarded(nullptr, *fn);
}

// fn() runs once on the owner's loop, unless the owner ends or cancels first; it is destroyed in
// any case. 0: the owner has ended.                                                          [W]
template <class Fn>
weir_ref after(weir_ref owner, std::chrono::milliseconds delay, Fn fn) {
  if (loop == nullptr) return 0;
  auto* held = new Fn(std::move(fn));
  const auto wait = static_cast<uint64_t>(delay.count() > 0 ? delay.count() : 0);
  const weir_ref timer = loop->timer(owner, wait, run_once<Fn>, held);
  if (timer == 0) delete held;
  return timer;
}
inline void cancel(weir_ref timer) {
  if (loop != nullptr) loop->cancel(timer);
}

// The same, on the next turn of the owner's loop, from any thread.                           [A]
template <class Fn>
bool post(weir_ref owner, Fn fn) {
  if (loop == nullptr) return false;
  auto* held = new Fn(std::move(fn));
  const bool taken = loop->post(owner, run_once<Fn>, held) == WEIR_OK;
  if (!taken) delete held;
  return taken;
}

// job.work() runs on a pool thread [P], then job.done() on the owner's loop [W]. Either is left out
// when the owner has ended by then; the job is destroyed last, on the loop.                  [W]
template <class Job>
bool task(weir_ref owner, Job job) {
  if (loop == nullptr) return false;
  auto* held = new Job(std::move(job));
  const weir_fn work = [](void* arg, weir_rc why) {
    if (why == WEIR_OK) guarded(nullptr, [arg] { static_cast<Job*>(arg)->work(); });
  };
  const weir_fn done = [](void* arg, weir_rc why) {
    const std::unique_ptr<Job> owned{static_cast<Job*>(arg)};
    if (why == WEIR_OK) guarded(nullptr, [arg] { static_cast<Job*>(arg)->done(); });
  };
  const bool taken = loop->task(owner, work, done, held) == WEIR_OK;
  if (!taken) delete held;
  return taken;
}

inline std::chrono::nanoseconds now() {  // monotonic, read once a turn of the loop            [W]
  return std::chrono::nanoseconds{loop == nullptr ? 0 : loop->now()};
}

enum class Kind { filter, handler, balancer, observer, transport };  // static constexpr auto kind

}  // namespace weir

#pragma GCC visibility pop
