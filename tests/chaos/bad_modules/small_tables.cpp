// SPDX-License-Identifier: Apache-2.0
//
// Has tables that say they are smaller than a table can be.
#include "bad.hpp"

namespace {

constexpr weir_http_filter ops{8, 0, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
constexpr weir_component filter = [] {
  weir_component made = bad::filter("small_tables", ops);
  made.size = 8;
  return made;
}();

}  // namespace

BAD_MODULE("small_tables", "weir.http-filter/1", &filter)
