// SPDX-License-Identifier: Apache-2.0
//
// Writes a head that was read and reads what was written: the same again, or the reader and the
// writer disagree about the language. Shared by the property test and a fuzz target.
#pragma once

#include "http/h1_reader.hpp"
#include "http/h1_writer.hpp"
#include "transcript.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weir::test {

// Everything of a request that the next hop acts on, framing lines left out: they are rebuilt.
inline std::string essence(const RequestHead& head) {
  std::string text;
  for (const auto part : {head.method, head.path, head.query, head.authority, head.host}) {
    text += std::string{part} + "|";
  }
  text += std::to_string(static_cast<int>(head.framing.kind)) + " " +
          std::to_string(head.framing.length);
  text += head.query.data() == nullptr ? " no query\n" : "\n";
  for (const weir_field& row : head.fields.rows()) {
    if (row.id == WEIR_H_CONTENT_LENGTH || row.id == WEIR_H_TRANSFER_ENCODING ||
        row.id == WEIR_H_CONNECTION || row.id == WEIR_H_KEEP_ALIVE ||
        row.id == WEIR_H_PROXY_CONNECTION || row.id == WEIR_H_UPGRADE) {
      continue;
    }
    text += std::string{as_view(row.name)} + "=" + std::string{as_view(row.value)} + "\n";
  }
  return text;
}

inline std::string write(const RequestHead& head) {
  std::vector<char> buffer(200000);
  Writer writer{buffer};
  const bool written = writer.write_request({head.method, head.path, head.query}, head.fields,
                                            head.framing, Persistence::implied);
  return written ? std::string{writer.text()} : "could not be written";
}

// What is wrong with the round trip; empty when all is well or the head was refused.
inline std::string broken_round_trip(std::string_view bytes) {
  Memory memory;
  RequestHead head;
  RequestOptions options;
  options.allow_encoded_slash = true;
  if (read_request(bytes, options, memory.arena, names(), head)) return {};
  const std::string written = write(head);

  Memory other;
  RequestHead again;
  options.limits.total *= 2;  // "a:b" comes out as "a: b"
  options.limits.field += 1;
  options.limits.line += 16;
  const auto why = read_request(written, options, other.arena, names(), again);
  if (why) return std::string{"refused as "} + why->reason + ": " + written;
  if (essence(again) != essence(head)) return essence(head) + "became\n" + essence(again);
  if (write(again) != written) return written + "was then written as\n" + write(again);
  HeadScanner scanner{options.limits};
  if (scanner.scan(written) != HeadScanner::State::complete) return "no end: " + written;
  return scanner.size() == written.size() ? "" : "ends too early: " + written;
}

}  // namespace weir::test
