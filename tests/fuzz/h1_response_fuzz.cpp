// SPDX-License-Identifier: Apache-2.0
//
// A stream of responses as an upstream may send it: cuts change nothing, every refusal is 502.
#include "../kernel/http/transcript.hpp"
#include "base/contract.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir;
  if (size == 0) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  const test::Transcript whole = test::read_whole(bytes, Side::response);
  expects(!whole.refusal || whole.refusal->status == 502, "an upstream's mistake is 502");
  expects(test::read_in_pieces(bytes, {data[0] % size}, Side::response).text == whole.text,
          "one cut changes nothing");
  expects(test::read_by_byte(bytes, Side::response).text == whole.text,
          "cuts everywhere change nothing");
  return 0;
}
