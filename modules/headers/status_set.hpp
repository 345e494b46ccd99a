// SPDX-License-Identifier: Apache-2.0
//
// A set of response statuses, written as "404", "4xx" or "500-504".
//
// Thread: immutable once filled.
#pragma once

#include <bitset>
#include <cstddef>
#include <string_view>

class StatusSet {
 public:
  // False, and nothing changed, when the text is none of the above or outside 200 to 599.
  bool add(std::string_view text);
  bool has(int status) const;
  bool empty() const { return set_.none(); }

 private:
  static constexpr size_t first = 200;
  std::bitset<400> set_;
};
