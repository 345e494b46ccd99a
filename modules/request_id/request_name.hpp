// SPDX-License-Identifier: Apache-2.0
//
// The 128 bits that name a request, and how they are written: as UUID version 4 or 7 (RFC 9562), or
// as 32 hex digits. Which ids of others are well formed is said here too.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

struct RequestName {
  uint64_t high = 0;
  uint64_t low = 0;
};

inline constexpr uint64_t version_bits = 0xf000;
inline constexpr uint64_t variant_bits = 0xc000'0000'0000'0000;

inline RequestName uuid4(uint64_t high, uint64_t low) {
  return {(high & ~version_bits) | 0x4000, (low & ~variant_bits) | 0x8000'0000'0000'0000};
}

// Begins with the time, so that ids sort by it.
inline RequestName uuid7(uint64_t unix_milliseconds, uint64_t high, uint64_t low) {
  return {(unix_milliseconds << 16) | 0x7000 | (high & 0x0fff),
          (low & ~variant_bits) | 0x8000'0000'0000'0000};
}

inline char* write_hex(char* out, uint64_t value, int digits) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
    *out++ = "0123456789abcdef"[value >> shift & 15];
  }
  return out;
}

inline std::string_view write_plain(RequestName name, std::array<char, 36>& room) {
  write_hex(write_hex(room.data(), name.high, 16), name.low, 16);
  return {room.data(), 32};
}

inline std::string_view write_uuid(RequestName name, std::array<char, 36>& room) {
  char* at = write_hex(room.data(), name.high >> 32, 8);
  *at++ = '-';
  at = write_hex(at, name.high >> 16 & 0xffff, 4);
  *at++ = '-';
  at = write_hex(at, name.high & 0xffff, 4);
  *at++ = '-';
  at = write_hex(at, name.low >> 48, 4);
  *at++ = '-';
  write_hex(at, name.low & 0xffff'ffff'ffff, 12);
  return {room.data(), 36};
}

// Letters, digits and the marks that ids of other systems use; nothing that a log, a shell or a
// header would read as structure.
inline bool well_formed_id(std::string_view text) {
  constexpr size_t longest = 128;
  return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"-_.:+/=@"}.find(c) != std::string_view::npos;
  });
}
