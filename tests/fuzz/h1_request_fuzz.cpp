// SPDX-License-Identifier: Apache-2.0
//
// A stream of requests as a client may send it: read whole, cut in two at a place the input
// chooses, and byte by byte, it must give the same events; what passes must survive the hop-by-hop
// rules.
#include "../kernel/http/transcript.hpp"
#include "base/contract.hpp"
#include "http/hop_by_hop.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

using namespace weir;

void check_hops(std::string_view bytes) {
  test::Memory memory;
  RequestHead head;
  if (read_request(bytes, {}, memory.arena, test::names(), head)) return;
  drop_odd_names(head.fields);
  if (strip_hop_by_hop(head.fields)) return;
  for (const weir_field& row : head.fields.rows()) {
    expects(row.id != WEIR_H_CONNECTION && row.id != WEIR_H_TRANSFER_ENCODING, "stripped");
  }
  expects(head.fields.has(WEIR_H_HOST), "a request keeps its Host");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  const std::string whole = test::read_whole(bytes).text;
  expects(test::read_in_pieces(bytes, {data[0] % size}).text == whole, "one cut changes nothing");
  expects(test::read_by_byte(bytes).text == whole, "cuts everywhere change nothing");
  check_hops(bytes);
  return 0;
}
