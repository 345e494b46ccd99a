// SPDX-License-Identifier: Apache-2.0
//
// The traceparent field of W3C Trace Context: "00-<trace id>-<parent id>-<flags>".
#pragma once

#include "request_name.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

inline bool lower_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

inline bool all_zero(std::string_view text) { return text.find_first_not_of('0') == text.npos; }

// By section 3.2.2 of the standard: later versions may append fields, version ff is none.
inline bool valid_trace_parent(std::string_view text) {
  constexpr size_t length = 55;
  if (text.size() < length) return false;
  const auto version = text.substr(0, 2);
  if (!lower_hex(version) || version == "ff") return false;
  if (version == "00" ? text.size() != length : text.size() > length && text[length] != '-') {
    return false;
  }
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  const auto trace = text.substr(3, 32);
  const auto parent = text.substr(36, 16);
  return lower_hex(trace) && !all_zero(trace) && lower_hex(parent) && !all_zero(parent) &&
         lower_hex(text.substr(53, 2));
}

inline std::string_view write_trace_parent(RequestName trace, uint64_t parent, bool sampled,
                                           std::array<char, 55>& room) {
  char* at = room.data();
  *at++ = '0';
  *at++ = '0';
  *at++ = '-';
  at = write_hex(write_hex(at, trace.high, 16), trace.low, 16);
  *at++ = '-';
  at = write_hex(at, parent != 0 ? parent : 1, 16);  // zero means none
  *at++ = '-';
  write_hex(at, sampled ? 1 : 0, 2);
  return {room.data(), room.size()};
}
