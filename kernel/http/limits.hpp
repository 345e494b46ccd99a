// SPDX-License-Identifier: Apache-2.0
//
// How much of a message is taken in. The presets are those of the limits page; what a config says
// comes in by value.
#pragma once

#include <cstddef>

namespace weir {

struct HeadLimits {
  size_t line = 8192;    // the first line, without its CRLF
  size_t field = 16384;  // a field line, without its CRLF
  size_t total = 32768;  // the head with its empty line
  size_t fields = 100;   // each part of a Cookie counts as one, as it does in HTTP/2

  bool operator==(const HeadLimits&) const = default;
};

inline constexpr HeadLimits response_limits{
    .line = 8192, .field = 65536, .total = 65536, .fields = 200};

// Not configurable: no client of good will comes near them.
struct ChunkLimits {
  static constexpr size_t size_digits = 15;   // 60 bits: no sum of sizes overflows
  static constexpr size_t line = 256;         // a chunk's size line, without its CRLF
  static constexpr size_t extensions = 4096;  // of one body
  static constexpr size_t trailers = 16;
  static constexpr size_t trailer_bytes = 4096;
};

}  // namespace weir
