// SPDX-License-Identifier: Apache-2.0
#include "serve/stand_in.hpp"

#include <weir/module.h>

#include "chain/chain.hpp"
#include "chain/exchange.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace weir {
namespace {

constexpr weir_field field(uint32_t id, weir_str name, weir_str value) {
  return {name, value, id, 0};
}

uint32_t refuse(const weir_call* call) {
  const std::array fields = {
      field(WEIR_H_CONTENT_TYPE, {"Content-Type", 12}, {"text/plain; charset=utf-8", 25}),
      field(WEIR_H_RETRY_AFTER, {"Retry-After", 11}, {"1", 1})};
  const weir_rc rc = exchange_of(call->tx).answer(503, fields, "503 Service Unavailable\n");
  return rc == WEIR_OK ? uint32_t{WEIR_ANSWERED} : uint32_t{WEIR_FAIL};
}

// Any table does: without one the balancer would not be asked.
void* build(void*, const weir_endpoint*, size_t) {
  static char table = 0;
  return &table;
}

int32_t pick_none(void*, const weir_pick*) { return -1; }

weir_rc open_nothing(const weir_link*) { return WEIR_ERROR; }
uint32_t break_off(const weir_link*) { return WEIR_IO_BROKEN; }
void close_nothing(const weir_link*) {}

}  // namespace

template <>
const weir_http_filter& stand_in() {
  static constexpr weir_http_filter ops{sizeof ops, 0,       refuse,  nullptr,
                                        nullptr,    nullptr, nullptr, nullptr};
  return ops;
}

template <>
const weir_handler& stand_in() {
  static constexpr weir_handler ops{sizeof ops, 0, refuse, nullptr, nullptr, nullptr};
  return ops;
}

template <>
const weir_balancer& stand_in() {
  static constexpr weir_balancer ops{sizeof ops, build, nullptr, pick_none, nullptr, nullptr};
  return ops;
}

template <>
const weir_transport& stand_in() {
  static constexpr weir_transport ops{sizeof ops,    0,       open_nothing, break_off,
                                      nullptr,       nullptr, nullptr,      nullptr,
                                      close_nothing, nullptr, nullptr};
  return ops;
}

}  // namespace weir
