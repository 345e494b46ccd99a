// SPDX-License-Identifier: Apache-2.0
//
// A head that was read is written, read and written again, with nothing lost and nothing new.
#include "../kernel/http/round_trip.hpp"
#include "base/contract.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const std::string broken = weir::test::broken_round_trip(bytes);
  if (!broken.empty()) std::fprintf(stderr, "%s\n", broken.c_str());
  weir::expects(broken.empty(), "the round trip is whole");
  return 0;
}
