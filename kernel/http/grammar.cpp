// SPDX-License-Identifier: Apache-2.0
#include "http/grammar.hpp"

#include "base/arena.hpp"
#include "http/scan.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir {
namespace {

// 19 digits fit uint64_t; beyond this they do not fit int64_t.
constexpr uint64_t longest = INT64_MAX;

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

}  // namespace

bool is_token(std::string_view text) {
  return is_plain_name(text) ||
         (!text.empty() && scan::find_by_byte<scan::TokenEnd>(text) == text.size());
}

bool is_plain_name(std::string_view text) {
  return !text.empty() && scan::none<scan::PlainNameEnd>(text);
}

bool is_field_value(std::string_view text) { return scan::none<scan::ValueEnd>(text); }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<uint64_t> parse_length(std::string_view text) {
  if (text.empty() || text.size() > 19) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  if (value > longest) return std::nullopt;
  return value;
}

std::string_view lower_case(std::string_view text, Arena& arena) {
  if (std::none_of(text.begin(), text.end(), is_upper)) return text;
  auto* const at = static_cast<char*>(arena.allocate(text.size(), 1));
  if (at == nullptr) return {};
  std::transform(text.begin(), text.end(), at, lower);
  return {at, text.size()};
}

std::optional<std::string_view> Elements::next() {
  if (done_) return std::nullopt;
  const size_t end = rest_.find(separator_);
  const std::string_view element = rest_.substr(0, end);
  done_ = end == std::string_view::npos;
  if (!done_) rest_.remove_prefix(end + 1);
  return trim(element);
}

}  // namespace weir
