// SPDX-License-Identifier: Apache-2.0
//
// Gives up the whole process when it sees a request.
#include "bad.hpp"

#include <cstdlib>

namespace {

uint32_t request(const weir_call*) { std::abort(); }

constexpr weir_http_filter ops{sizeof ops, 0, request, nullptr, nullptr, nullptr, nullptr, nullptr};
constexpr weir_component filter = bad::filter("abort", ops);

}  // namespace

BAD_MODULE("abort", "weir.http-filter/1", &filter)
