// SPDX-License-Identifier: Apache-2.0
#include "chain/escape.hpp"

#include <weir/module.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace weir {
namespace {

constexpr std::string_view hex = "0123456789abcdef";
constexpr std::string_view upper_hex = "0123456789ABCDEF";

bool is_alphanumeric(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// What the bytes behind the first of a UTF-8 sequence may be (RFC 3629, 4).
struct Sequence {
  unsigned char first, last;  // of the first byte
  unsigned char least, most;  // of the second
  size_t length;
};
constexpr Sequence sequences[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

// Bytes of the UTF-8 sequence at the front; 0: there is none.
size_t utf8_length(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  for (const Sequence& sequence : sequences) {
    if (at(0) < sequence.first || at(0) > sequence.last) continue;
    if (text.size() < sequence.length) return 0;
    bool good = at(1) >= sequence.least && at(1) <= sequence.most;
    for (size_t i = 2; i < sequence.length; ++i) good = good && (at(i) & 0xc0) == 0x80;
    return good ? sequence.length : 0;
  }
  return 0;
}

// What one step over the front of the text writes.
struct Step {
  size_t taken;
  std::string_view piece;  // in `room` or in the text
};

Step json_step(std::string_view text, std::span<char, 6> room) {
  const auto c = static_cast<unsigned char>(text[0]);
  if (c >= 0x80) {
    const size_t length = utf8_length(text);
    return length == 0 ? Step{1, "\xef\xbf\xbd"} : Step{length, text.substr(0, length)};
  }
  if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) return {1, text.substr(0, 1)};
  const char escaped[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
  std::copy_n(escaped, 6, room.begin());
  return {1, {room.data(), 6}};
}

Step log_step(std::string_view text, std::span<char, 6> room) {
  const auto c = static_cast<unsigned char>(text[0]);
  if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') return {1, text.substr(0, 1)};
  const char escaped[] = {'\\', 'x', hex[c >> 4], hex[c & 15]};
  std::copy_n(escaped, 4, room.begin());
  return {1, {room.data(), 4}};
}

Step uri_step(std::string_view text, std::span<char, 6> room) {
  const auto c = static_cast<unsigned char>(text[0]);
  if (is_alphanumeric(c) || std::string_view("-._~").find(text[0]) != std::string_view::npos) {
    return {1, text.substr(0, 1)};
  }
  const char escaped[] = {'%', upper_hex[c >> 4], upper_hex[c & 15]};
  std::copy_n(escaped, 3, room.begin());
  return {1, {room.data(), 3}};
}

Step html_step(std::string_view text) {
  switch (text[0]) {
    case '&':
      return {1, "&amp;"};
    case '<':
      return {1, "&lt;"};
    case '>':
      return {1, "&gt;"};
    case '"':
      return {1, "&quot;"};
    case '\'':
      return {1, "&#39;"};
    default:
      return {1, text.substr(0, 1)};
  }
}

Step step(std::string_view text, uint32_t escape, std::span<char, 6> room) {
  if (escape == WEIR_ESCAPE_JSON) return json_step(text, room);
  if (escape == WEIR_ESCAPE_LOG) return log_step(text, room);
  if (escape == WEIR_ESCAPE_URI) return uri_step(text, room);
  if (escape == WEIR_ESCAPE_HTML) return html_step(text);
  return {text.size(), text};
}

}  // namespace

bool append_escaped(std::span<char> out, size_t& size, std::string_view text, uint32_t escape) {
  size_t end = size;
  char room[6];
  while (!text.empty()) {
    const Step next = step(text, escape, room);
    if (next.piece.size() > out.size() - end) return false;
    std::copy(next.piece.begin(), next.piece.end(), out.begin() + static_cast<ptrdiff_t>(end));
    end += next.piece.size();
    text.remove_prefix(next.taken);
  }
  size = end;
  return true;
}

}  // namespace weir
