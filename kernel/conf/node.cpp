// SPDX-License-Identifier: Apache-2.0
#include "base/contract.hpp"
#include "conf/file.hpp"
#include "conf/place.hpp"
#include "conf/report.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <variant>

namespace weir::conf {

namespace {

// Bytes of the spelling of one character of a basic string, and of its value.
struct Spelling {
  size_t written, meant;
};

size_t utf8_length(uint32_t code) {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

Spelling spelling(std::string_view text, bool escapes) {
  if (!escapes || text[0] != '\\' || text.size() < 2) return {1, 1};
  const size_t digits = text[1] == 'u' ? 4 : text[1] == 'U' ? 8 : 0;
  if (digits == 0 || text.size() < 2 + digits) return {2, 1};
  uint32_t code = 0;
  for (const char c : text.substr(2, digits)) {
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    code = code * 16 + static_cast<uint32_t>(digit & 15);
  }
  return {2 + digits, utf8_length(code)};
}

}  // namespace

const std::string& Node::text() const {
  const auto* text = std::get_if<std::string>(&value_);
  expects(text != nullptr, "node is a text");
  return *text;
}

int64_t Node::integer() const {
  expects(is(Kind::integer), "node is an integer");
  return *std::get_if<int64_t>(&value_);
}

double Node::real() const {
  if (is(Kind::integer)) return static_cast<double>(integer());
  expects(is(Kind::real), "node is a number");
  return *std::get_if<double>(&value_);
}

bool Node::boolean() const {
  expects(is(Kind::boolean), "node is a boolean");
  return *std::get_if<bool>(&value_);
}

const Node* Node::find(std::string_view name) const {
  if (kind_ != Kind::table) return nullptr;
  if (by_name_.empty()) {
    const auto found =
        std::ranges::find_if(children_, [&](const Node& each) { return each.key_ == name; });
    return found == children_.end() ? nullptr : &*found;
  }
  const auto found = std::lower_bound(
      by_name_.begin(), by_name_.end(), name,
      [&](uint32_t each, std::string_view to) { return children_[each].key_ < to; });
  const bool fits = found != by_name_.end() && children_[*found].key_ == name;
  return fits ? &children_[*found] : nullptr;
}

Place Node::located(const Extent& extent) const {
  if (source_ == nullptr) return {};
  uint32_t end = extent.end_column;
  if (extent.end_line != extent.line) end = code_points(source_->line(extent.line)) + 1;
  return {source_, extent.line, extent.column, end > extent.column ? end - extent.column : 1};
}

Place Node::place() const { return located(extent_); }

Place Node::key_place() const { return key_extent_.line == 0 ? place() : located(key_extent_); }

Place Node::inside(size_t at, size_t length) const {
  const Place whole = place();
  if (!is(Kind::text) || source_ == nullptr || extent_.line != extent_.end_line) return whole;
  const std::string_view text = source_->text();
  const size_t begin = source_->offset(extent_.line, extent_.column);
  const char quote = begin < text.size() ? text[begin] : ' ';
  // Of a text over several lines, or one that was read as if it had quotes, the whole is shown.
  if ((quote != '"' && quote != '\'') || text.substr(begin, 3) == std::string(3, quote)) {
    return whole;
  }
  size_t from = begin + 1, to = from, meant = 0;
  while (to < text.size() && text[to] != quote && text[to] != '\n' &&
         meant < at + std::max<size_t>(length, 1)) {
    if (meant <= at) from = to;
    const Spelling next = spelling(text.substr(to), quote == '"');
    to += next.written;
    meant += next.meant;
  }
  to = std::min(to, text.size());
  if (to <= from) return whole;
  return {source_, extent_.line, extent_.column + code_points(text.substr(begin, from - begin)),
          std::max<uint32_t>(code_points(text.substr(from, to - from)), 1)};
}

std::string Node::shown() const {
  std::array<char, 32> number{};
  switch (kind_) {
    case Kind::table:
      return children_.empty() ? "an empty table" : "a table";
    case Kind::array:
      return children_.empty() ? "an empty list" : "a list";
    case Kind::text:
      return "\"" + readable(text()) + "\"";
    case Kind::integer:
      return std::to_string(integer());
    case Kind::real:
      std::snprintf(number.data(), number.size(), "%g", real());
      return number.data();
    case Kind::boolean:
      return boolean() ? "true" : "false";
    case Kind::date:
      return "the date " + readable(text());
  }
  return {};
}

}  // namespace weir::conf
