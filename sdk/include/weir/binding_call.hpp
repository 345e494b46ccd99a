// SPDX-License-Identifier: Apache-2.0
//
// weir/binding_call.hpp: the part of weir/binding.hpp that calls a hook with what it names.
#pragma once

#include <weir/link.hpp>
#include <weir/types.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

#pragma GCC visibility push(hidden)

namespace weir {

// ---- The parts of a component class -----------------------------------------------------------

struct None {};

#define WEIR_PART(Part)                   \
  template <class F>                      \
  struct Part##Part {                     \
    using Type = None;                    \
  };                                      \
  template <class F>                      \
  requires requires { typename F::Part; } \
  struct Part##Part<F> {                  \
    using Type = typename F::Part;        \
  };                                      \
  template <class F>                      \
  using Part##Of = typename Part##Part<F>::Type;
WEIR_PART(Conf)
WEIR_PART(Instance)
WEIR_PART(State)
WEIR_PART(Table)
#undef WEIR_PART

template <class F>
consteval Kind kind_of() {
  if constexpr (requires { F::kind; }) return F::kind;
  return Kind::filter;
}

template <class T, class Leading, class... Further>
T build(Leading& leading, const Further&... further) {
  if constexpr (std::is_constructible_v<T, Leading&, const Further&...>) {
    return T(leading, further...);
  } else if constexpr (std::is_constructible_v<T, Leading&>) {
    return T(leading);
  } else {
    static_assert(std::is_default_constructible_v<T>, "no constructor that module.hpp describes");
    return T{};
  }
}

// What the kernel knows as `instance`.
template <class F>
struct Core {
  Core(Setup& setup, const ConfOf<F>& own_conf)
      : conf(&own_conf), own(build<InstanceOf<F>>(setup, own_conf)) {}
  const ConfOf<F>* conf;
  InstanceOf<F> own;
};

template <class F>
StateOf<F> build_state(Worker worker, const Core<F>& core) {
  using T = StateOf<F>;
  using Conf = ConfOf<F>;
  using Instance = InstanceOf<F>;
  if constexpr (std::is_constructible_v<T, Worker&, const Conf&, const Instance&>) {
    return T(worker, *core.conf, core.own);
  } else if constexpr (std::is_constructible_v<T, Worker&, const Instance&>) {
    return T(worker, core.own);
  } else {
    return build<T>(worker, *core.conf);
  }
}

// What the kernel knows as `state`.
template <class F>
struct PerLoop {
  PerLoop(const Worker& worker, const Core<F>& core) : own(build_state<F>(worker, core)) {}
  StateOf<F> own;
};

// ---- Calling a hook with what it names ------------------------------------------------------

template <class F>
struct Source {
  const weir_call* call = nullptr;
  void* instance = nullptr;
  void* state = nullptr;
  weir_body* in = nullptr;
  weir_body* out = nullptr;
  const weir_pick* pick = nullptr;
  const Outcome* outcome = nullptr;
  const Say* say = nullptr;
  const weir_link* link = nullptr;
  Room room;
  Pieces pieces;
  Id id;
  ServedHost served;

  const Core<F>& core() const { return *static_cast<const Core<F>*>(instance); }

  const ConfOf<F>& conf() const {
    const void* const given = call != nullptr ? call->conf : link != nullptr ? link->conf : nullptr;
    return given == nullptr ? *core().conf : *static_cast<const ConfOf<F>*>(given);
  }
  void* context() const { return link != nullptr ? link->conn : call->ctx; }

  template <class Arg>
  decltype(auto) give() const {
    using T = std::remove_cvref_t<Arg>;
    if constexpr (std::is_same_v<T, Exchange>) {
      return Exchange{*call};
    } else if constexpr (std::is_same_v<T, Input>) {
      return Input{in};
    } else if constexpr (std::is_same_v<T, Output>) {
      return Output{out};
    } else if constexpr (std::is_same_v<T, Pick>) {
      return Pick{*pick};
    } else if constexpr (std::is_same_v<T, Outcome>) {
      return Outcome{*outcome};
    } else if constexpr (std::is_same_v<T, Say>) {
      return Say{*say};
    } else if constexpr (std::is_same_v<T, Link>) {
      return Link{*link};
    } else if constexpr (std::is_same_v<T, Room>) {
      return Room{room};
    } else if constexpr (std::is_same_v<T, Pieces>) {
      return Pieces{pieces};
    } else if constexpr (std::is_same_v<T, Id>) {
      return Id{id};
    } else if constexpr (std::is_same_v<T, ServedHost>) {
      return ServedHost{served};
    } else {
      return (part<Arg>());
    }
  }

 private:
  template <class Arg>
  auto& part() const {
    using T = std::remove_cvref_t<Arg>;
    static_assert(std::is_reference_v<Arg>, "take Conf, Instance, State and Table by reference");
    if constexpr (std::is_same_v<T, ConfOf<F>>) {
      return conf();
    } else if constexpr (std::is_same_v<T, InstanceOf<F>>) {
      return core().own;
    } else if constexpr (std::is_same_v<T, StateOf<F>>) {
      return static_cast<PerLoop<F>*>(state)->own;
    } else {
      static_assert(std::is_same_v<T, TableOf<F>>, "module.hpp lists what a hook may name");
      return *static_cast<const T*>(pick->table);
    }
  }
};

template <class F>
Source<F> source(const weir_call* call) {
  Source<F> from{};
  from.call = call;
  from.instance = call->instance, from.state = call->state;
  return from;
}

template <class Base, class F, class R, class... Args>
R apply(R (Base::*hook)(Args...), F& self, const Source<F>& from) {
  return (self.*hook)(from.template give<Args>()...);
}
template <class Base, class F, class R, class... Args>
R apply(R (Base::*hook)(Args...) const, F& self, const Source<F>& from) {
  return (self.*hook)(from.template give<Args>()...);
}
template <class F, class R, class... Args>
R apply(R (*hook)(Args...), F&, const Source<F>& from) {
  return hook(from.template give<Args>()...);
}

// The class with its members is the context of an exchange or a connection; without members there
// is none.
template <class F, auto Hook>
auto run(const Source<F>& from) {
  if constexpr (std::is_empty_v<F>) {
    F self{};
    return apply(Hook, self, from);
  } else {
    return apply(Hook, *static_cast<F*>(from.context()), from);
  }
}

template <class F, auto Hook>
uint32_t verdict(const Source<F>& from) noexcept {
  auto result = Verdict::fail;
  guarded(from.instance, [&] { result = run<F, Hook>(from); });
  return static_cast<uint32_t>(result);
}

template <class F, auto Hook>
uint32_t on_head(const weir_call* call) noexcept {
  return verdict<F, Hook>(source<F>(call));
}

template <class F, auto Hook>
uint32_t on_body(const weir_call* call, weir_body* in, weir_body* out) noexcept {
  auto from = source<F>(call);
  from.in = in;
  from.out = out;
  return verdict<F, Hook>(from);
}

template <class F, auto Hook>
void on_call(const weir_call* call) noexcept {
  guarded(call->instance, [&] { run<F, Hook>(source<F>(call)); });
}

template <class F, auto Hook>
void on_explain(const weir_call* call, void* to, void (*text)(void*, weir_str)) noexcept {
  const Say say{to, text};
  auto from = source<F>(call);
  from.say = &say;
  guarded(call->instance, [&] { run<F, Hook>(from); });
}

template <class F>
consteval uint32_t context_size() {
  if constexpr (std::is_empty_v<F>) return 0;
  static_assert(
      std::is_trivially_default_constructible_v<F> && std::is_trivially_destructible_v<F>,
      "members are the context of an exchange: plain data, zero at first, never destroyed; "
      "what lives longer belongs into Instance or State");
  return sizeof(F);
}

}  // namespace weir

#pragma GCC visibility pop
