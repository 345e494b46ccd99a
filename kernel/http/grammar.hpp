// SPDX-License-Identifier: Apache-2.0
//
// The small grammar of HTTP that every reader, writer and setter shares: tokens, values, lists,
// numbers. One place decides what a legal byte is.
//
// Thread: any.
#pragma once

#include "base/arena.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// 0 to 15, or -1.
constexpr int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  return lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

bool is_token(std::string_view text);        // RFC 9110, 5.6.2; not empty
bool is_plain_name(std::string_view text);   // letters, digits, "-"; not empty
bool is_field_value(std::string_view text);  // no control byte but tab; may be empty

bool equal_ignoring_case(std::string_view a, std::string_view b);

// Without blanks and tabs at both ends. Never null when `text` is not.
std::string_view trim(std::string_view text);

// 1 to 19 digits that fit int64_t: a Content-Length (RFC 9110, 8.6, less signs, lists and blanks).
std::optional<uint64_t> parse_length(std::string_view text);

// The same text when it has no upper case letter, else a copy; null when the arena is exhausted.
std::string_view lower_case(std::string_view text, Arena& arena);

// The parts of "a, b,c", trimmed, empty ones included.
class Elements {
 public:
  explicit Elements(std::string_view list, char separator = ',')
      : rest_(list), separator_(separator) {}

  std::optional<std::string_view> next();

 private:
  std::string_view rest_;
  char separator_;
  bool done_ = false;
};

}  // namespace weir
