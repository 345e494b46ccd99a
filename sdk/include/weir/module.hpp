// SPDX-License-Identifier: Apache-2.0
//
// weir/module.hpp: the C++20 face of weir/module.h, header only. sdk/README.md tells the story.
//
// A component is a class that says its `name` and `doc`, describes its `Conf` in `keys`, and has
// the hooks it needs; WEIR_MODULE turns classes into a module. The class itself is the context of
// one exchange: its members start as zero bytes when the first hook runs and end with the exchange,
// so they need no constructor and no destructor. Besides Conf a class may hold
//   struct Instance  what all loops read: built by (Setup&, const Conf&), (Setup&) or (); may have
//                    `bool start()`, `void adopt(Instance& previous)`, and for another image
//                    `std::string save()` and `bool restore(std::string_view)`              [C]
//   struct State     what one loop changes: built by (Worker, const Conf&, const Instance&), or
//                    a shorter list of these; may have `void reopen()`                        [W]
//   struct Table     balancers: built by (Endpoints, const Conf&) or (Endpoints); may have
//                    `size_t state_size() const`                                              [C]
//   configure        static void configure(Setup&, const Conf&): checks before Instance       [C]
//
// Hooks take what they name, in any order: Exchange, const Conf&, const Instance&, State&, and
//   filter    request, response, end; request_body and response_body with Input and Output;
//             explain with Say
//   handler   request, end, explain; run with Input and Output
//   observer  exchange; flush, without an exchange
//   balancer  pick with Pick and const Table&; done with these and Outcome
//   transport each with Link: open (bool), handshake (Io), recv with Room and send with Pieces
//             (Moved), pending (size_t), end (Io), close, info with Id, serves with ServedHost; the
//             class is the context of a connection; close ends it
// What a hook throws is logged and becomes Verdict::fail: nothing unwinds into the kernel. Times,
// threads and lifetimes are those of module.h.
#pragma once

#include <weir/binding.hpp>  // IWYU pragma: export
#include <weir/module.h>     // IWYU pragma: export
#include <weir/types.hpp>    // IWYU pragma: export

// A line of `keys`. The type follows from the member: Bool, int64_t, double, Text, Duration, Bytes,
// Percent, Rate, Choice<E>, Template, Cidr, File, Secret, and List<T> and Map<T> of these.
#define WEIR_KEY(Conf, member, preset, doc, flags) \
  WEIR_KEY_WITH(Conf, member, preset, doc, flags, nullptr, nullptr, 0, 0)
// With bounds, inclusive, in the member's unit (nanoseconds, bytes).
#define WEIR_KEY_RANGE(Conf, member, preset, doc, flags, min, max) \
  WEIR_KEY_WITH(Conf, member, preset, doc, flags, nullptr, nullptr, min, max)
// A Choice; `choices` is an array of names that ends with nullptr.
#define WEIR_KEY_CHOICE(Conf, member, preset, doc, flags, choices) \
  WEIR_KEY_WITH(Conf, member, preset, doc, flags, choices, nullptr, 0, 0)
// A struct of its own, or a List or Map of it; `keys` describes the struct.
#define WEIR_KEY_TABLE(Conf, member, doc, flags, keys)      \
  WEIR_KEY_WITH(Conf, member, nullptr, doc, flags, nullptr, \
                (&weir::schema_of<weir::ItemOf<decltype(Conf::member)>, keys>), 0, 0)

// What the others are made of.
// clang-format off
#define WEIR_KEY_WITH(Conf, member, preset, doc, flags, choices, sub, min, max)                 \
  weir_key {                                                                                    \
    #member, doc, preset, weir::type_of<decltype(Conf::member)>(),                              \
    (flags) | weir::list_flag<decltype(Conf::member)>(), offsetof(Conf, member), choices, sub,  \
    min, max                                                                                    \
  }
// clang-format on

// Before WEIR_MODULE, when the module uses members newer than 1.0 without WEIR_HAS.
#define WEIR_REQUIRES(minor) \
  template <>                \
  inline constexpr uint32_t weir::minor_required<0> = minor;

// Last line of a module: WEIR_MODULE("hello", "1.0", "Apache-2.0", Hello) or several classes.
#define WEIR_MODULE(name, version, license, ...)                                                \
  static constexpr weir::NoteText weir_note_text =                                              \
      weir::note_text<__VA_ARGS__>(name, version, weir::minor_required<0>);                     \
  __attribute__((used, section(".note.weir"),                                                   \
                 aligned(4))) static constexpr weir::NoteImage<weir_note_text.size>             \
      weir_note{weir_note_text};                                                                \
  WEIR_EXPORT const weir_module* WEIR_ENTRY() {                                                 \
    static constexpr weir_module module =                                                       \
        weir::ModuleOf<__VA_ARGS__>::describe(name, version, license, weir::minor_required<0>); \
    return &module;                                                                             \
  }
