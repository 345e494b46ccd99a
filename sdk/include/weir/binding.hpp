// SPDX-License-Identifier: Apache-2.0
//
// weir/binding.hpp: turns the classes of a module into the tables of module.h, for WEIR_MODULE. An
// author need not read it.
//
// All tables are constants of the image: nothing runs to build them. Each entry is noexcept and
// catches everything.
#pragma once

#include <weir/binding_call.hpp>
#include <weir/binding_link.hpp>
#include <weir/types.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

// Hidden, so that nothing of it is exported however a module is linked.
#pragma GCC visibility push(hidden)

namespace weir {

// ---- The vtable of each kind ----------------------------------------------------------------

template <class F>
consteval weir_http_filter filter_ops() {
  weir_http_filter ops{};
  ops.size = sizeof ops;
  ops.ctx_size = context_size<F>();
  if constexpr (requires { &F::request; }) ops.request = on_head<F, &F::request>;
  if constexpr (requires { &F::request_body; }) ops.request_body = on_body<F, &F::request_body>;
  if constexpr (requires { &F::response; }) ops.response = on_head<F, &F::response>;
  if constexpr (requires { &F::response_body; }) ops.response_body = on_body<F, &F::response_body>;
  if constexpr (requires { &F::end; }) ops.end = on_call<F, &F::end>;
  if constexpr (requires { &F::explain; }) ops.explain = on_explain<F, &F::explain>;
  static_assert(
      requires { &F::request; } || requires { &F::response; },
      "a filter has a public request or response");
  return ops;
}

template <class F>
consteval weir_handler handler_ops() {
  weir_handler ops{};
  ops.size = sizeof ops;
  ops.ctx_size = context_size<F>();
  ops.request = on_head<F, &F::request>;
  if constexpr (requires { &F::run; }) ops.run = on_body<F, &F::run>;
  if constexpr (requires { &F::end; }) ops.end = on_call<F, &F::end>;
  if constexpr (requires { &F::explain; }) ops.explain = on_explain<F, &F::explain>;
  return ops;
}

template <class F, auto Hook>
void on_flush(void* instance, void* state) noexcept {
  Source<F> from{};
  from.instance = instance;
  from.state = state;
  guarded(instance, [&] { run<F, Hook>(from); });
}

template <class F>
consteval weir_observer observer_ops() {
  static_assert(std::is_empty_v<F>, "an observer has no context; use State");
  weir_observer ops{};
  ops.size = sizeof ops;
  ops.exchange = on_call<F, &F::exchange>;
  if constexpr (requires { &F::flush; }) ops.flush = on_flush<F, &F::flush>;
  return ops;
}

template <class F>
void* build_table(void* instance, const weir_endpoint* first, size_t count) noexcept {
  void* table = nullptr;
  guarded(instance, [&] {
    const Endpoints endpoints{first, count};
    table =
        new TableOf<F>(build<TableOf<F>>(endpoints, *static_cast<const Core<F>*>(instance)->conf));
  });
  return table;
}

template <class F>
int32_t on_pick(void* instance, const weir_pick* pick) noexcept {
  Source<F> from{};
  from.instance = instance;
  from.pick = pick;
  int32_t endpoint = Pick::none;
  guarded(instance, [&] { endpoint = run<F, &F::pick>(from); });
  return endpoint;
}

template <class F>
void on_done(void* instance, const weir_pick* pick, uint32_t endpoint, uint32_t what,
             uint64_t ns) noexcept {
  const Outcome outcome{endpoint, what, std::chrono::nanoseconds{ns}};
  Source<F> from{};
  from.instance = instance;
  from.pick = pick;
  from.outcome = &outcome;
  guarded(instance, [&] { run<F, &F::done>(from); });
}

template <class F>
consteval weir_balancer balancer_ops() {
  static_assert(std::is_empty_v<F>, "a balancer has no context; use Table and its state");
  using Table = TableOf<F>;
  weir_balancer ops{};
  ops.size = sizeof ops;
  ops.build = build_table<F>;
  if constexpr (requires { &Table::state_size; }) {
    ops.state_size = [](const void* table) {
      return static_cast<const Table*>(table)->state_size();
    };
  }
  ops.pick = on_pick<F>;
  if constexpr (requires { &F::done; }) ops.done = on_done<F>;
  ops.drop = [](void* table) { delete static_cast<Table*>(table); };
  return ops;
}

// ---- The life of an instance ---------------------------------------------------------------

template <class F>
void configure_core(Setup& setup, void** instance) {
  static constexpr ConfOf<F> no_conf{};
  const void* given = std::is_same_v<ConfOf<F>, None> ? &no_conf : setup.conf();
  const auto& conf = *static_cast<const ConfOf<F>*>(given);
  if constexpr (requires { F::configure(setup, conf); }) F::configure(setup, conf);
  if (setup.refused()) return;
  auto core = std::make_unique<Core<F>>(setup, conf);
  if (!setup.refused()) *instance = core.release();
}

template <class F>
weir_rc on_configure(const weir_setup* given, void** instance) noexcept {
  Setup setup{*given};
  try {
    configure_core<F>(setup, instance);
  } catch (const std::exception& error) {
    setup.error(nullptr, error.what());
  } catch (...) {
    setup.error(nullptr, "exception of unknown type");
  }
  return setup.refused() ? WEIR_ERROR : WEIR_OK;
}

template <class F>
weir_rc on_start(void* instance) noexcept {
  bool started = false;
  guarded(instance, [&] { started = static_cast<Core<F>*>(instance)->own.start(); });
  return started ? WEIR_OK : WEIR_ERROR;
}

template <class F>
weir_rc on_worker_start(void* instance, const weir_worker* worker, void** state) noexcept {
  *state = nullptr;
  guarded(instance, [&] {
    *state = new PerLoop<F>(Worker{*worker, instance}, *static_cast<Core<F>*>(instance));
  });
  return *state != nullptr ? WEIR_OK : WEIR_ERROR;
}

template <class F>
constexpr void describe_life(weir_component& component) {
  using Instance = InstanceOf<F>;
  using State = StateOf<F>;
  component.configure = on_configure<F>;
  component.destroy = [](void* instance) { delete static_cast<Core<F>*>(instance); };
  if constexpr (requires { &Instance::start; }) component.start = on_start<F>;
  if constexpr (requires { &Instance::adopt; }) {
    component.adopt = [](void* instance, void* previous) {
      guarded(instance, [&] {
        static_cast<Core<F>*>(instance)->own.adopt(static_cast<Core<F>*>(previous)->own);
      });
    };
  }
  if constexpr (requires { &Instance::save; }) {
    component.save = [](void* instance, void* to, void (*put)(void*, weir_str)) -> weir_rc {
      weir_rc rc = WEIR_ERROR;
      guarded(instance, [&] {
        const std::string text = static_cast<Core<F>*>(instance)->own.save();
        put(to, {text.data(), text.size()});
        rc = WEIR_OK;
      });
      return rc;
    };
  }
  if constexpr (requires { &Instance::restore; }) {
    component.restore = [](void* instance, weir_str text) -> weir_rc {
      weir_rc rc = WEIR_ERROR;
      guarded(instance, [&] {
        const bool taken = static_cast<Core<F>*>(instance)->own.restore({text.p, text.n});
        rc = taken ? WEIR_OK : WEIR_ERROR;
      });
      return rc;
    };
  }
  if constexpr (!std::is_same_v<State, None>) {
    component.worker_start = on_worker_start<F>;
    component.worker_stop = [](void*, void* state) { delete static_cast<PerLoop<F>*>(state); };
  }
  if constexpr (requires { &State::reopen; }) {
    component.reopen = [](void* instance, void* state) {
      guarded(instance, [&] { static_cast<PerLoop<F>*>(state)->own.reopen(); });
    };
  }
}

// ---- Components and the module --------------------------------------------------------------

constexpr const char* kind_ids[] = {"weir.http-filter/1", "weir.handler/1", "weir.balancer/1",
                                    "weir.observer/1", "weir.transport/1"};

template <class F>
consteval auto ops_of() {
  if constexpr (kind_of<F>() == Kind::handler) {
    return handler_ops<F>();
  } else if constexpr (kind_of<F>() == Kind::balancer) {
    return balancer_ops<F>();
  } else if constexpr (kind_of<F>() == Kind::observer) {
    return observer_ops<F>();
  } else if constexpr (kind_of<F>() == Kind::transport) {
    return transport_ops<F>();
  } else {
    return filter_ops<F>();
  }
}

template <class T, const auto& Keys>
inline constexpr weir_schema schema_of = WEIR_SCHEMA(Keys, T);

template <class F>
struct ComponentOf {
  static constexpr auto ops = ops_of<F>();

  static consteval weir_component describe() {
    weir_component component{};
    component.size = sizeof component;
    if constexpr (requires { F::flags; }) component.flags = F::flags;
    component.kind = kind_ids[static_cast<size_t>(kind_of<F>())];
    component.name = F::name;
    component.doc = F::doc;
    if constexpr (!std::is_same_v<ConfOf<F>, None>) {
      component.schema = &schema_of<ConfOf<F>, F::keys>;
    }
    component.ops = &ops;
    if constexpr (requires { F::identity; }) component.identity = F::identity;
    describe_life<F>(component);
    return component;
  }
  static constexpr weir_component value = describe();
};

// Each of "files", "connect", "threads" that a component declares in `needs`.
constexpr size_t most_needs = 8;
template <class... F>
consteval std::array<const char*, most_needs + 1> needs_of() {
  std::array<const char*, most_needs + 1> all{};
  size_t count = 0;
  const auto add = [&](const char* need) {
    const auto same = [&](const char* other) { return std::string_view{other} == need; };
    if (std::none_of(all.begin(), all.begin() + count, same)) all.at(count++) = need;
  };
  const auto add_all = [&]<class One>(std::type_identity<One>) {
    if constexpr (requires { One::needs; }) {
      for (const char* need : One::needs) {
        if (need != nullptr) add(need);
      }
    }
  };
  (add_all(std::type_identity<F>{}), ...);
  return all;
}

template <class F>
consteval bool moves_bodies() {
  if constexpr (
      requires { &F::request_body; } || requires { &F::response_body; }) {
    return true;
  }
  return kind_of<F>() == Kind::handler && requires { &F::run; };
}

template <class... F>
weir_rc load(const weir_host* given) noexcept {
  host = given;
  http = static_cast<const weir_http*>(host->get("weir.http/1"));
  bytes = static_cast<const weir_bytes*>(host->get("weir.body/1"));
  loop = static_cast<const weir_loop*>(host->get("weir.loop/1"));
  links = static_cast<const weir_links*>(host->get("weir.link/1"));
  if (http == nullptr || ((moves_bodies<F>() || ...) && bytes == nullptr)) return WEIR_UNSUPPORTED;
  if (((kind_of<F>() == Kind::transport) || ...) && links == nullptr) return WEIR_UNSUPPORTED;
  Header::intern_all();
  return WEIR_OK;
}

template <int = 0>
inline constexpr uint32_t minor_required = 0;

template <class First, class... Further>
struct ModuleOf {
  static constexpr const weir_component* components[] = {&ComponentOf<First>::value,
                                                         &ComponentOf<Further>::value..., nullptr};
  static constexpr auto needs = needs_of<First, Further...>();

  static consteval weir_module describe(const char* name, const char* version, const char* license,
                                        uint32_t minor) {
    weir_module module{};
    module.size = sizeof module;
    module.minor_built = WEIR_ABI_MINOR;
    module.minor_required = minor;
    module.name = name;
    module.version = version;
    module.license = license;
    module.doc = First::doc;
    module.components = components;
    module.needs = needs.data();
    module.load = load<First, Further...>;
    return module;
  }
};

// ---- The note: the same text as WEIR_NOTE of module.h, built from the classes -------------------

struct NoteText {
  std::array<char, 512> text{};
  size_t size = 0;

  constexpr void add(std::string_view part) {
    for (const char c : part) text.at(size++) = c;
  }
  // A value ends at the first space, so it must have none.
  constexpr void add_value(std::string_view label, std::string_view value) {
    add(label);
    if (value.empty() || value.find(' ') != value.npos) {
      throw "name and version: no spaces, not empty";
    }
    add(value);
  }
};

template <class... F>
consteval NoteText note_text(std::string_view name, std::string_view version, uint32_t minor) {
  NoteText note;
  note.add("abi=1 needs=");
  if (minor >= 100) throw "minor out of range";
  if (minor >= 10) note.text.at(note.size++) = static_cast<char>('0' + minor / 10);
  note.text.at(note.size++) = static_cast<char>('0' + minor % 10);
  note.add_value(" name=", name);
  note.add_value(" version=", version);
  std::array<Kind, sizeof...(F)> kinds{kind_of<F>()...};
  std::sort(kinds.begin(), kinds.end());
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (i > 0 && kinds[i] == kinds[i - 1]) continue;
    note.add(i == 0 ? " kinds=" : ",");
    note.add(kind_ids[static_cast<size_t>(kinds[i])]);
  }
  ++note.size;  // the NUL
  return note;
}

template <size_t Size>
struct NoteImage {
  consteval explicit NoteImage(const NoteText& note) { std::copy_n(note.text.begin(), Size, text); }
  uint32_t name_size = 5, text_size = Size, type = 1;
  char owner[8] = "weir";
  char text[(Size + 3) / 4 * 4] = {};
};

}  // namespace weir

#pragma GCC visibility pop
