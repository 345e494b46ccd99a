// SPDX-License-Identifier: Apache-2.0
//
// A filter that keeps its loop busy for some time with each request.
#include <weir/module.h>

#include <chrono>
#include <cstddef>

namespace {

struct Conf {
  int64_t time;  // ns
};

uint32_t request(const weir_call* call) {
  const auto& conf = *static_cast<const Conf*>(call->instance);
  const auto end = std::chrono::steady_clock::now() + std::chrono::nanoseconds(conf.time);
  while (std::chrono::steady_clock::now() < end) {
  }
  return WEIR_NEXT;
}

weir_rc configure(const weir_setup* setup, void** instance) {
  *instance = const_cast<void*>(setup->conf);
  return WEIR_OK;
}

const weir_key keys[] = {{"time", "Told by a test.", "0s", WEIR_DURATION, 0, offsetof(Conf, time),
                          nullptr, nullptr, 0, 0}};
const weir_schema schema = WEIR_SCHEMA(keys, Conf);
const weir_http_filter filter{
    sizeof(weir_http_filter), 0, request, nullptr, nullptr, nullptr, nullptr, nullptr};
const weir_component component{sizeof(weir_component),
                               0,
                               "weir.http-filter/1",
                               "burn",
                               "Keeps its loop busy.",
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
const weir_component* const components[] = {&component, nullptr};
const weir_module module{sizeof(weir_module), WEIR_ABI_MINOR,         0,          "burn",  "1.0",
                         "Apache-2.0",        "Keeps its loop busy.", components, nullptr, nullptr};

}  // namespace

WEIR_NOTE("burn", "1.0", "0", "weir.http-filter/1");

WEIR_EXPORT const weir_module* WEIR_ENTRY(void) { return &module; }
