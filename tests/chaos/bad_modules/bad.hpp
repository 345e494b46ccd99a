// SPDX-License-Identifier: Apache-2.0
//
// The ground of modules that do what a module must not: the C ABI without the guards of module.hpp,
// so that what they do reaches the kernel as it is.
#pragma once

#include <weir/module.h>

#include <cstdint>
#include <string_view>

namespace bad {

inline const weir_host* host;
inline const weir_http* http;
inline const weir_bytes* bytes;
inline const weir_loop* loop;

inline weir_str str(std::string_view text) { return {text.data(), text.size()}; }

inline weir_rc load(const weir_host* given) {
  host = given;
  http = static_cast<const weir_http*>(given->get("weir.http/1"));
  bytes = static_cast<const weir_bytes*>(given->get("weir.body/1"));
  loop = static_cast<const weir_loop*>(given->get("weir.loop/1"));
  return WEIR_OK;
}

constexpr weir_component component(const char* kind, const char* name, const void* ops) {
  return {sizeof(weir_component),
          0,
          kind,
          name,
          "Does what it must not.",
          nullptr,
          ops,
          nullptr,
          nullptr,
          nullptr,
          nullptr,
          nullptr,
          nullptr,
          nullptr,
          nullptr};
}
constexpr weir_component filter(const char* name, const weir_http_filter& ops) {
  return component("weir.http-filter/1", name, &ops);
}

constexpr weir_module module(const char* name, const weir_component* const* components) {
  return {sizeof(weir_module), WEIR_ABI_MINOR, 0,          name,    "1.0",
          "Apache-2.0",        "A bad one.",   components, nullptr, load};
}

}  // namespace bad

// `list` is what the module offers, one or more components by address; `kinds` as in the note.
#define BAD_MODULE(name, kinds, ...)                                   \
  WEIR_NOTE(name, "1.0", "0", kinds);                                  \
  WEIR_EXPORT const weir_module* WEIR_ENTRY(void) {                    \
    static const weir_component* const all[] = {__VA_ARGS__, nullptr}; \
    static const weir_module made = bad::module(name, all);            \
    return &made;                                                      \
  }
