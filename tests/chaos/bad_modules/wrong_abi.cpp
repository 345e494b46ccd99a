// SPDX-License-Identifier: Apache-2.0
//
// Says that it speaks an ABI which there is not.
#include "bad.hpp"
#undef WEIR_NOTE_TEXT
#define WEIR_NOTE_TEXT(name, version, minor, kinds) \
  "abi=2 needs=" minor " name=" name " version=" version " kinds=" kinds

namespace {

constexpr weir_http_filter ops{sizeof ops, 0, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
constexpr weir_component filter = bad::filter("wrong_abi", ops);

}  // namespace

BAD_MODULE("wrong_abi", "weir.http-filter/1", &filter)
