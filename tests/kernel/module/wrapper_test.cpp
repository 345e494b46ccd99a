// SPDX-License-Identifier: Apache-2.0
//
// The C++ wrapper of the SDK against tables made by hand: what each class becomes, and what reaches
// its hooks. The namespace gets another name, as the kernel has types of the same names.
#define weir sdk_under_test
#include <weir/module.hpp>

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

struct weir_tx {
  std::map<uint32_t, std::string> response;
  std::string answer;
};

namespace {

// ---- The other side --------------------------------------------------------------------------

std::vector<std::string> logged;
std::vector<std::string> interned;
std::vector<std::string> complaints;
std::vector<std::string> metrics;
const uint32_t log_level = WEIR_INFO;

void log_line(const void*, uint32_t, weir_str text) { logged.emplace_back(text.p, text.n); }

uint32_t intern(weir_str name) {
  interned.emplace_back(name.p, name.n);
  return WEIR_INTERNED + static_cast<uint32_t>(interned.size()) - 1;
}

const weir_http http = [] {
  weir_http table{};
  table.size = sizeof table;
  table.set = [](weir_tx* tx, uint32_t, uint32_t id, weir_str value) -> weir_rc {
    tx->response[id].assign(value.p, value.n);
    return WEIR_OK;
  };
  table.respond = [](weir_tx* tx, uint32_t status, const weir_field* fields, size_t count,
                     weir_str body) -> weir_rc {
    tx->answer = std::to_string(status) + " " + std::string{body.p, body.n};
    for (size_t i = 0; i < count; ++i)
      tx->answer += " " + std::string{fields[i].name.p, fields[i].name.n};
    return WEIR_OK;
  };
  return table;
}();

const weir_bytes body_table = [] {
  weir_bytes table{};
  table.size = sizeof table;
  return table;
}();

const void* every_service(const char* id) {
  const std::string_view name{id};
  if (name == "weir.http/1") return &http;
  return name == "weir.body/1" ? &body_table : nullptr;
}
const void* no_service(const char*) { return nullptr; }
const void* only_http(const char* id) {
  return std::string_view{id} == "weir.http/1" ? &http : nullptr;
}

weir_host host_with(const void* (*get)(const char*)) {
  return {sizeof(weir_host), WEIR_ABI_MINOR, "0.0", &log_level, get, intern, log_line};
}
const weir_host full_host = host_with(every_service);

weir_setup setup_for(const void* conf) {
  weir_setup setup{};
  setup.size = sizeof setup;
  setup.name = weir::raw("first");
  setup.conf = conf;
  setup.complain = [](void*, uint32_t, const char* key, weir_str text, weir_str) {
    complaints.emplace_back(std::string{key == nullptr ? "" : key} + ": " +
                            std::string{text.p, text.n});
  };
  setup.metric = [](void*, uint32_t, const char* name, const char*) {
    metrics.emplace_back(name);
    return static_cast<uint32_t>(metrics.size()) - 1;
  };
  return setup;
}

// ---- Components ---------------------------------------------------------------------------------

weir::Header x_seen{"x-seen"};

enum class Tone { plain, loud };
constexpr const char* tones[] = {"plain", "loud", nullptr};

// A filter with every part a filter may have, and with a context.
class Whole {
 public:
  static constexpr auto name = "whole";
  static constexpr auto doc = "Has every part.";
  static constexpr uint32_t flags = WEIR_SECURITY | WEIR_ANSWERS;
  static constexpr const char* identity[] = {"x-user", nullptr};
  static constexpr const char* needs[] = {"files", "connect", nullptr};

  struct Rule {
    weir::Text to;
    weir::Cidr from;
  };
  static constexpr weir_key rule_keys[] = {
      WEIR_KEY(Rule, to, nullptr, "Where to.", WEIR_REQUIRED),
      WEIR_KEY(Rule, from, nullptr, "Who.", 0),
  };
  struct Conf {
    weir::Bool on;
    int64_t tries;
    double share;
    weir::Duration wait;
    weir::Bytes size;
    weir::Percent part;
    weir::Rate rate;
    weir::Choice<Tone> tone;
    weir::Template greeting;
    weir::File file;
    weir::Secret secret;
    weir::List<weir::Text> names;
    weir::Map<weir::Template> set;
    weir::List<Rule> rules;
    Rule fallback;
  };
  static constexpr weir_key keys[] = {
      WEIR_KEY(Conf, on, "true", "On.", 0),
      WEIR_KEY_RANGE(Conf, tries, "3", "Tries.", 0, 1, 9),
      WEIR_KEY(Conf, share, "0.5", "Share.", 0),
      WEIR_KEY(Conf, wait, "5s", "Wait.", WEIR_PER_ROUTE),
      WEIR_KEY(Conf, size, "64KiB", "Size.", 0),
      WEIR_KEY(Conf, part, "20%", "Part.", 0),
      WEIR_KEY(Conf, rate, "50/s", "Rate.", 0),
      WEIR_KEY_CHOICE(Conf, tone, "plain", "Tone.", 0, tones),
      WEIR_KEY(Conf, greeting, nullptr, "Greeting.", 0),
      WEIR_KEY(Conf, file, nullptr, "File.", 0),
      WEIR_KEY(Conf, secret, nullptr, "Secret.", 0),
      WEIR_KEY(Conf, names, nullptr, "Names.", 0),
      WEIR_KEY(Conf, set, nullptr, "Set.", WEIR_FIELD_KEYS),
      WEIR_KEY_TABLE(Conf, rules, "Rules.", 0, rule_keys),
      WEIR_KEY_TABLE(Conf, fallback, "Fallback.", 0, rule_keys),
  };

  static void configure(weir::Setup& setup, const Conf& conf) {
    if (conf.tries == 4) setup.error("tries", "4 is unlucky", "take 3 or 5");
    if (conf.tries == 5) throw std::runtime_error{"five"};
  }

  struct Instance {
    Instance(weir::Setup& setup, const Conf& conf)
        : seen(setup.counter("seen", "Exchanges seen.")), tries(conf.tries) {}
    bool start() { return tries != 6; }
    void adopt(Instance& previous) { adopted = previous.tries; }
    weir::Metric seen;
    int64_t tries;
    int64_t adopted = 0;
  };

  struct State {
    State(weir::Worker given, const Conf& conf, const Instance& instance)
        : worker(given), sum(conf.tries + instance.tries) {}
    void reopen() { sum = -1; }
    weir::Worker worker;
    int64_t sum;
  };

  weir::Verdict request(weir::Exchange exchange, const Conf& conf, const Instance& instance,
                        State& state) {
    ++calls_;
    ++state.sum;
    exchange.count(instance.seen);
    if (conf.tries == 7) throw std::runtime_error{"seven"};
    if (conf.tries == 8) throw 8;
    if (conf.tries == 9) return exchange.respond(403, "no\n", {weir::field(x_seen, "yes")});
    return weir::Verdict::next;
  }
  weir::Verdict response(weir::Exchange exchange) const {
    exchange.response().set(x_seen, std::to_string(calls_));
    return weir::Verdict::next;
  }
  weir::Verdict response_body(weir::Output out, weir::Input in) const {
    return out.get() == nullptr && in.get() != nullptr ? weir::Verdict::next : weir::Verdict::fail;
  }
  static void explain(weir::Say say, const Conf&) { say("would greet"); }
  void end(weir::Exchange) { calls_ = 0; }

 private:
  int calls_;
};

class Plain {
 public:
  static constexpr auto name = "plain";
  static constexpr auto doc = "Has as little as possible.";
  static constexpr auto kind = weir::Kind::handler;
  static weir::Verdict request(weir::Exchange exchange) { return exchange.respond(204); }
};

class Watch {
 public:
  static constexpr auto name = "watch";
  static constexpr auto doc = "Counts.";
  static constexpr auto kind = weir::Kind::observer;
  static constexpr const char* needs[] = {"files", nullptr};
  struct State {
    int seen = 0;
    int flushed = 0;
  };
  void exchange(weir::Exchange, State& state) const { ++state.seen; }
  void flush(State& state) const { ++state.flushed; }
};

class First {
 public:
  static constexpr auto name = "first";
  static constexpr auto doc = "Takes the first that is left.";
  static constexpr auto kind = weir::Kind::balancer;
  struct Conf {
    int64_t start;
  };
  static constexpr weir_key keys[] = {WEIR_KEY(Conf, start, "0", "Where to begin.", 0)};
  struct Table {
    Table(weir::Endpoints endpoints, const Conf& conf) : size(endpoints.size()), start(conf.start) {
      if (endpoints.empty()) throw std::runtime_error{"no endpoints"};
    }
    size_t state_size() const { return size * sizeof(int64_t); }
    size_t size;
    int64_t start;
  };
  int32_t pick(weir::Pick pick, const Table& table, const Conf& conf) const {
    if (table.start != conf.start) return weir::Pick::none;
    for (uint32_t i = 0; i < pick.count(); ++i) {
      if (!pick.skips(i)) return ++pick.state<int64_t>()[i], static_cast<int32_t>(i);
    }
    return weir::Pick::none;
  }
  void done(weir::Pick pick, weir::Outcome outcome) const {
    pick.state<int64_t>()[outcome.endpoint] = outcome.took.count();
  }
};

}  // namespace

WEIR_MODULE("sample", "1.2", "Apache-2.0", Whole, Plain, Watch, First)

namespace {

const weir_component& whole = weir::ComponentOf<Whole>::value;
const auto& whole_ops = weir::ComponentOf<Whole>::ops;

struct Fixture {
  Fixture() {
    logged.clear();
    complaints.clear();
    metrics.clear();
    weir_module_v1()->load(&full_host);
  }
};

// One instance of Whole on one loop, with one exchange.
struct Life {
  explicit Life(int64_t tries) {
    conf.tries = tries;
    const auto setup = setup_for(&conf);
    BOOST_REQUIRE_EQUAL(whole.configure(&setup, &instance), WEIR_OK);
    worker.cells = &cell;
    BOOST_REQUIRE_EQUAL(whole.worker_start(instance, &worker, &state), WEIR_OK);
    call = {sizeof call, 0, &tx, 1, &conf, instance, state, context, &cell};
  }
  ~Life() {
    whole.worker_stop(instance, state);
    whole.destroy(instance);
  }
  Whole::Conf conf{};
  void* instance = nullptr;
  void* state = nullptr;
  weir_worker worker{sizeof(weir_worker), 0, 1, 1, nullptr};
  uint64_t cell = 0;
  alignas(std::max_align_t) unsigned char context[64] = {};
  weir_tx tx;
  weir_call call{};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(wrapper, Fixture)

BOOST_AUTO_TEST_CASE(a_module_lists_its_components_with_kinds_flags_and_needs) {
  const weir_module* module = weir_module_v1();
  BOOST_TEST(module->size == sizeof(weir_module));
  BOOST_TEST(module->minor_required == 0U);
  BOOST_TEST(std::string{module->name} == "sample");
  BOOST_TEST(std::string{module->components[0]->kind} == "weir.http-filter/1");
  BOOST_TEST(std::string{module->components[1]->kind} == "weir.handler/1");
  BOOST_TEST(std::string{module->components[2]->kind} == "weir.observer/1");
  BOOST_TEST(std::string{module->components[3]->kind} == "weir.balancer/1");
  BOOST_TEST(module->components[4] == nullptr);
  BOOST_TEST(whole.flags == (WEIR_SECURITY | WEIR_ANSWERS));
  BOOST_TEST(std::string{whole.identity[0]} == "x-user");
  BOOST_TEST(std::string{module->needs[0]} == "files");
  BOOST_TEST(std::string{module->needs[1]} == "connect");
  BOOST_TEST(module->needs[2] == nullptr);
}

BOOST_AUTO_TEST_CASE(the_note_says_the_same_as_the_tables) {
  BOOST_TEST(std::string{weir_note.text} ==
             "abi=1 needs=0 name=sample version=1.2 "
             "kinds=weir.http-filter/1,weir.handler/1,weir.balancer/1,weir.observer/1");
  BOOST_TEST(weir_note.text_size == std::string{weir_note.text}.size() + 1);
  BOOST_TEST(sizeof weir_note % 4 == 0U);
}

BOOST_AUTO_TEST_CASE(the_type_of_a_key_follows_from_its_member) {
  const uint32_t types[] = {WEIR_BOOL,    WEIR_INT,  WEIR_FLOAT,    WEIR_DURATION, WEIR_BYTES,
                            WEIR_PERCENT, WEIR_RATE, WEIR_CHOICE,   WEIR_TEMPLATE, WEIR_FILE,
                            WEIR_SECRET,  WEIR_TEXT, WEIR_TEMPLATE, WEIR_TABLE,    WEIR_TABLE};
  const weir_schema& schema = *whole.schema;
  BOOST_REQUIRE_EQUAL(schema.count, std::size(types));
  for (size_t i = 0; i < schema.count; ++i) BOOST_TEST(schema.keys[i].type == types[i]);
  BOOST_TEST(schema.conf_size == sizeof(Whole::Conf));
  BOOST_TEST(schema.keys[1].max == 9);
  BOOST_TEST(schema.keys[3].flags == WEIR_PER_ROUTE);
  BOOST_TEST(std::string{schema.keys[7].choices[1]} == "loud");
  BOOST_TEST(schema.keys[11].flags == WEIR_LIST);
  BOOST_TEST(schema.keys[12].flags == (WEIR_MAP | WEIR_FIELD_KEYS));
  BOOST_TEST(schema.keys[13].flags == WEIR_LIST);
  BOOST_TEST(schema.keys[13].sub->conf_size == sizeof(Whole::Rule));
  BOOST_TEST(schema.keys[14].sub == schema.keys[13].sub);
}

BOOST_AUTO_TEST_CASE(load_interns_every_header_and_refuses_without_what_it_needs) {
  interned.clear();
  BOOST_TEST(weir_module_v1()->load(&full_host) == WEIR_OK);
  BOOST_REQUIRE_EQUAL(interned.size(), 1U);
  BOOST_TEST(interned[0] == "x-seen");
  const auto empty = host_with(no_service);
  BOOST_TEST(weir_module_v1()->load(&empty) == WEIR_UNSUPPORTED);
  const auto bodiless = host_with(only_http);  // response_body of Whole moves bytes
  BOOST_TEST(weir_module_v1()->load(&bodiless) == WEIR_UNSUPPORTED);
  BOOST_TEST((weir::load<Plain, First>(&bodiless)) == WEIR_OK);
  BOOST_TEST(weir::after(1, std::chrono::milliseconds{1}, [] {}) == 0U);
  BOOST_TEST(!weir::post(1, [] {}));
}

BOOST_AUTO_TEST_CASE(configure_complains_at_the_key_and_refuses) {
  Whole::Conf conf{};
  conf.tries = 4;
  const auto setup = setup_for(&conf);
  void* instance = nullptr;
  BOOST_TEST(whole.configure(&setup, &instance) == WEIR_ERROR);
  conf.tries = 5;
  BOOST_TEST(whole.configure(&setup, &instance) == WEIR_ERROR);
  BOOST_REQUIRE_EQUAL(complaints.size(), 2U);
  BOOST_TEST(complaints[0] == "tries: 4 is unlucky");
  BOOST_TEST(complaints[1] == ": five");
  BOOST_TEST(instance == nullptr);
}

BOOST_AUTO_TEST_CASE(hooks_get_what_they_name) {
  Life life{3};
  BOOST_TEST(whole_ops.request(&life.call) == WEIR_NEXT);
  BOOST_TEST(whole_ops.request(&life.call) == WEIR_NEXT);
  BOOST_TEST(whole_ops.response(&life.call) == WEIR_NEXT);
  BOOST_TEST(life.tx.response[x_seen.id().value] == "2");
  BOOST_TEST(life.cell == 2U);
  auto* body = reinterpret_cast<weir_body*>(&life);
  BOOST_TEST(whole_ops.response_body(&life.call, body, nullptr) == WEIR_NEXT);
  whole_ops.end(&life.call);
  std::string said;
  whole_ops.explain(&life.call, &said, [](void* to, weir_str text) {
    static_cast<std::string*>(to)->assign(text.p, text.n);
  });
  BOOST_TEST(said == "would greet");
  BOOST_TEST(whole_ops.request_body == nullptr);
}

BOOST_AUTO_TEST_CASE(what_a_hook_throws_is_logged_and_fails_the_exchange) {
  Life life{7};
  BOOST_TEST(whole_ops.request(&life.call) == WEIR_FAIL);
  life.conf.tries = 8;
  BOOST_TEST(whole_ops.request(&life.call) == WEIR_FAIL);
  BOOST_REQUIRE_EQUAL(logged.size(), 2U);
  BOOST_TEST(logged[0] == "seven");
  BOOST_TEST(logged[1] == "exception of unknown type");
}

BOOST_AUTO_TEST_CASE(respond_carries_names_and_is_the_verdict) {
  Life life{9};
  BOOST_TEST(whole_ops.request(&life.call) == WEIR_ANSWERED);
  BOOST_TEST(life.tx.answer == "403 no\n x-seen");
}

BOOST_AUTO_TEST_CASE(instances_start_adopt_and_reopen) {
  Life before{6};
  Life after{2};
  BOOST_TEST(whole.start(before.instance) == WEIR_ERROR);
  BOOST_TEST(whole.start(after.instance) == WEIR_OK);
  whole.adopt(after.instance, before.instance);
  BOOST_TEST(static_cast<weir::Core<Whole>*>(after.instance)->own.adopted == 6);
  BOOST_TEST(static_cast<weir::PerLoop<Whole>*>(after.state)->own.sum == 4);
  whole.reopen(after.instance, after.state);
  BOOST_TEST(static_cast<weir::PerLoop<Whole>*>(after.state)->own.sum == -1);
}

BOOST_AUTO_TEST_CASE(an_empty_class_has_no_context_and_absent_parts_have_no_entry) {
  const weir_component& plain = weir::ComponentOf<Plain>::value;
  BOOST_TEST(weir::ComponentOf<Plain>::ops.ctx_size == 0U);
  BOOST_TEST(whole_ops.ctx_size == sizeof(Whole));
  BOOST_TEST(plain.schema == nullptr);
  BOOST_TEST(plain.worker_start == nullptr);
  BOOST_TEST(plain.start == nullptr);
  BOOST_TEST(weir::ComponentOf<Plain>::ops.run == nullptr);
  const auto setup = setup_for(nullptr);
  void* instance = nullptr;
  BOOST_TEST(plain.configure(&setup, &instance) == WEIR_OK);
  weir_tx tx;
  weir_call call{};
  call.tx = &tx;
  call.instance = instance;
  BOOST_TEST(weir::ComponentOf<Plain>::ops.request(&call) == WEIR_ANSWERED);
  plain.destroy(instance);
}

BOOST_AUTO_TEST_CASE(observers_keep_state_per_loop) {
  const weir_component& watch = weir::ComponentOf<Watch>::value;
  const auto& ops = weir::ComponentOf<Watch>::ops;
  const auto setup = setup_for(nullptr);
  void* instance = nullptr;
  void* state = nullptr;
  const weir_worker worker{sizeof worker, 0, 1, 1, nullptr};
  BOOST_TEST(watch.configure(&setup, &instance) == WEIR_OK);
  BOOST_TEST(watch.worker_start(instance, &worker, &state) == WEIR_OK);
  weir_call call{};
  call.instance = instance;
  call.state = state;
  ops.exchange(&call);
  ops.flush(instance, state);
  BOOST_TEST(static_cast<weir::PerLoop<Watch>*>(state)->own.seen == 1);
  BOOST_TEST(static_cast<weir::PerLoop<Watch>*>(state)->own.flushed == 1);
  watch.worker_stop(instance, state);
  watch.destroy(instance);
}

BOOST_AUTO_TEST_CASE(balancers_build_tables_and_pick_from_them) {
  const weir_component& first = weir::ComponentOf<First>::value;
  const auto& ops = weir::ComponentOf<First>::ops;
  const First::Conf conf{5};
  const auto setup = setup_for(&conf);
  void* instance = nullptr;
  BOOST_TEST(first.configure(&setup, &instance) == WEIR_OK);
  BOOST_TEST(ops.build(instance, nullptr, 0) == nullptr);  // it throws: no table
  const weir_endpoint endpoints[2] = {{weir::raw("a"), 1, 0}, {weir::raw("b"), 1, 0}};
  void* table = ops.build(instance, endpoints, 2);
  BOOST_REQUIRE(table != nullptr);
  BOOST_TEST(ops.state_size(table) == 16U);
  int64_t state[2] = {};
  const uint8_t skip[2] = {1, 0};
  const weir_pick pick{sizeof pick, 2, table, state, nullptr, skip, 0, nullptr};
  BOOST_TEST(ops.pick(instance, &pick) == 1);
  BOOST_TEST(state[1] == 1);
  ops.done(instance, &pick, 1, WEIR_SUCCEEDED, 77);
  BOOST_TEST(state[1] == 77);
  ops.drop(table);
  first.destroy(instance);
}

BOOST_AUTO_TEST_CASE(a_cidr_contains_what_its_bits_say) {
  const auto v4 = [](uint8_t a, uint8_t b) {
    return weir::Address{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, 0, 1}, 80, 4};
  };
  weir::Cidr range{};
  std::memcpy(range.bytes, v4(10, 128).bytes, 14);
  range.bits = 105;  // 10.128.0.0/9
  BOOST_TEST(range.contains(v4(10, 129)));
  BOOST_TEST(!range.contains(v4(10, 127)));
  BOOST_TEST(!range.contains(v4(11, 129)));
  range.bits = 0;
  BOOST_TEST(range.contains(v4(1, 2)));
  BOOST_TEST(!range.contains(weir::Address{}));
}

BOOST_AUTO_TEST_SUITE_END()
