// SPDX-License-Identifier: Apache-2.0
//
// A chunked body with trailers: data and end do not depend on the cuts, data lies within the input,
// and no more is consumed than there is.
#include "../kernel/http/transcript.hpp"
#include "base/contract.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace weir;
using Kind = BodyReader::Step::Kind;

struct Outcome {
  std::string data;
  size_t consumed = 0;
  Kind kind = Kind::more;
};

void feed(BodyReader& reader, std::string_view input, Outcome& out) {
  do {
    const auto step = reader.feed(input);
    expects(step.consumed <= input.size(), "consumes what there is");
    expects(
        step.data.empty() || step.data.data() + step.data.size() == input.data() + step.consumed,
        "data is the end of what was consumed");
    out.data += step.data;
    out.consumed += step.consumed;
    out.kind = step.kind;
    input.remove_prefix(step.consumed);
  } while (out.kind == Kind::data);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  test::Memory memory;
  BodyReader whole{{Framing::Kind::chunked, 0}};
  whole.keep_trailers(memory.arena, test::names());
  Outcome once;
  feed(whole, bytes, once);

  BodyReader slow{{Framing::Kind::chunked, 0}};
  Outcome steps;
  for (size_t i = 0; i < size && steps.kind == Kind::more; ++i)
    feed(slow, bytes.substr(i, 1), steps);
  expects(steps.kind == once.kind && steps.data == once.data, "cuts change nothing");
  expects(steps.consumed == once.consumed, "cuts change nothing of what is left");
  for (const weir_field& row : whole.trailers().rows()) {
    expects(row.id != WEIR_H_HOST && row.id != WEIR_H_CONTENT_LENGTH, "trailers decide nothing");
  }
  return 0;
}
