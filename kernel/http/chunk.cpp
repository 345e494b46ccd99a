// SPDX-License-Identifier: Apache-2.0
#include "http/chunk.hpp"

#include <weir/module.h>

#include "base/body.hpp"
#include "base/contract.hpp"
#include "http/fields.hpp"
#include "http/h1_writer.hpp"

#include <cstdint>

namespace weir {
namespace {

constexpr uint32_t most_framing = 32;  // bytes of a chunk head or end

template <class Write>
void write(Body& out, uint32_t room, Write framing) {
  Writer writer(out.reserve(room));
  expects(framing(writer), "chunk framing that can be written");
  out.commit(static_cast<uint32_t>(writer.size()));
}

}  // namespace

void send_chunk(Body& out, Body& from, bool last, const Fields* trailers) {
  const uint64_t size = from.length();
  if (size > 0) {
    write(out, most_framing, [&](Writer& writer) { return writer.write_chunk_head(size); });
    out.move(from, size);
    write(out, most_framing, [](Writer& writer) { return writer.write_chunk_end(); });
  }
  if (!last) return;
  uint32_t room = most_framing;
  if (trailers != nullptr) {
    for (const weir_field& row : trailers->rows()) {
      room += static_cast<uint32_t>(row.name.n + row.value.n + 4);
    }
  }
  write(out, room, [&](Writer& writer) { return writer.write_last_chunk(trailers); });
}

}  // namespace weir
