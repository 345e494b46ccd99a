// SPDX-License-Identifier: Apache-2.0
//
// Takes three seconds to be configured, and three more on each loop.
#include "bad.hpp"

#include <chrono>
#include <thread>

namespace {

weir_rc configure(const weir_setup*, void**) {
  std::this_thread::sleep_for(std::chrono::seconds(3));
  return WEIR_OK;
}

weir_rc worker_start(void*, const weir_worker*, void**) {
  std::this_thread::sleep_for(std::chrono::seconds(3));
  return WEIR_OK;
}

void worker_stop(void*, void*) {}

uint32_t request(const weir_call*) { return WEIR_NEXT; }

constexpr weir_http_filter ops{sizeof ops, 0, request, nullptr, nullptr, nullptr, nullptr, nullptr};
constexpr weir_component filter = [] {
  weir_component made = bad::filter("slow_start", ops);
  made.configure = configure;
  made.worker_start = worker_start;
  made.worker_stop = worker_stop;
  return made;
}();

}  // namespace

BAD_MODULE("slow_start", "weir.http-filter/1", &filter)
