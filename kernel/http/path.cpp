// SPDX-License-Identifier: Apache-2.0
#include "http/path.hpp"

#include <weir/module.h>

#include "base/arena.hpp"
#include "base/result.hpp"
#include "http/grammar.hpp"
#include "http/names.hpp"
#include "http/refusals.hpp"
#include "http/scan.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace weir {
namespace {

constexpr std::string_view upper_digits = "0123456789ABCDEF";

bool is_unreserved(int c) {
  return !scan::PlainNameEnd::stops(static_cast<unsigned char>(c)) || c == '.' || c == '_' ||
         c == '~';
}

// The byte that "%41" at `at` stands for, or -1.
int escaped_byte(std::string_view text, size_t at) {
  if (text.size() - at < 3) return -1;
  const int high = hex_digit(text[at + 1]);
  const int low = hex_digit(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// Nothing that canonicalising would touch: no escape, no "//", and no segment that starts with a
// dot.
bool is_plain(std::string_view raw) {
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '%') return false;
    if (raw[i] == '/' && i + 1 < raw.size() && (raw[i + 1] == '/' || raw[i + 1] == '.')) {
      return false;
    }
  }
  return true;
}

bool is_dots(std::string_view segment) { return segment == "." || segment == ".."; }

// "..;x" or, where %2F may stay, "a%2F..": dots that another program may resolve.
bool hides_dots(std::string_view segment) {
  for (size_t from = 0; from <= segment.size();) {
    const size_t end = std::min(segment.find("%2F", from), segment.size());
    const std::string_view piece = segment.substr(from, end - from);
    const std::string_view bare = piece.substr(0, piece.find(';'));
    if (is_dots(bare) && bare.size() != segment.size()) return true;
    from = end + 3;
  }
  return false;
}

// Writes the canonical form, which is never longer than the raw one, segment by segment.
class Canonical {
 public:
  Canonical(std::span<char> out, PathOptions options) : out_(out), options_(options) {}

  std::optional<Refusal> read(std::string_view raw);
  std::string_view text() const { return {out_.data(), size_}; }

 private:
  std::optional<Refusal> escape(int byte);
  std::optional<Refusal> end_segment(bool last);
  void put(char c) { out_[size_++] = c; }

  std::span<char> out_;
  PathOptions options_;
  size_t size_ = 0;
  size_t segment_ = 0;  // start of the current one, behind its slash
};

std::optional<Refusal> Canonical::read(std::string_view raw) {
  put('/');
  segment_ = 1;
  for (size_t at = 1; at < raw.size(); ++at) {
    std::optional<Refusal> why;
    if (raw[at] == '/') {
      why = end_segment(false);
    } else if (raw[at] == '%') {
      why = escape(escaped_byte(raw, at));
      at += 2;
    } else {
      put(raw[at]);
    }
    if (why) return why;
  }
  return end_segment(true);
}

std::optional<Refusal> Canonical::escape(int byte) {
  if (byte < 0) return refusal("path_escape");
  if (byte == '\0') return refusal("path_nul");
  if (byte == '\\') return refusal("path_backslash");
  if (byte == '/' && !options_.allow_encoded_slash) return refusal("path_slash");
  if (is_unreserved(byte)) {
    put(static_cast<char>(byte));
    return std::nullopt;
  }
  put('%');
  put(upper_digits[static_cast<size_t>(byte) / 16]);
  put(upper_digits[static_cast<size_t>(byte) % 16]);
  return std::nullopt;
}

std::optional<Refusal> Canonical::end_segment(bool last) {
  const std::string_view segment = text().substr(segment_);
  if (hides_dots(segment)) return refusal("path_dots");
  if (is_dots(segment)) {
    const bool up = segment.size() == 2;
    size_ = segment_;
    if (up && size_ == 1) return refusal("path_above_root");
    if (up) size_ = text().rfind('/', size_ - 2) + 1;
  } else if (!segment.empty() && !last) {
    put('/');
  }
  segment_ = size_;
  return std::nullopt;
}

// Cuts the text before `separator` off the front of `rest`.
std::string_view cut(std::string_view& rest, char separator) {
  const size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view piece = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return piece;
}

}  // namespace

bool is_target_text(std::string_view text) {
  return scan::find<scan::TargetEnd>(text) == text.size();
}

Result<std::string_view, Refusal> canonical_path(std::string_view raw, PathOptions options,
                                                 Arena& arena) {
  if (raw.empty() || raw.front() != '/') return refusal("target_form");
  if (raw.find('\\') != raw.npos) return refusal("path_backslash");
  if (!is_target_text(raw) || raw.find('?') != raw.npos) return refusal("target_byte");
  if (is_plain(raw)) return raw;
  auto* const at = static_cast<char*>(arena.allocate(raw.size(), 1));
  if (at == nullptr) return refusal("head_memory");
  Canonical canonical{{at, raw.size()}, options};
  if (const auto why = canonical.read(raw)) return *why;
  return canonical.text();
}

std::optional<std::string_view> percent_decode(std::string_view text, Arena& arena) {
  if (text.find('%') == text.npos) return text;
  auto* const at = static_cast<char*>(arena.allocate(text.size(), 1));
  if (at == nullptr) return std::nullopt;
  const std::span<char> out{at, text.size()};
  size_t size = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const int byte = text[i] == '%' ? escaped_byte(text, i) : static_cast<unsigned char>(text[i]);
    if (byte < 0) return std::nullopt;
    if (text[i] == '%') i += 2;
    out[size++] = static_cast<char>(byte);
  }
  return std::string_view{at, size};
}

bool equal_decoded(std::string_view escaped, std::string_view plain) {
  size_t at = 0;
  for (const char c : plain) {
    if (at >= escaped.size()) return false;
    const int byte = escaped[at] == '%' ? escaped_byte(escaped, at) : -1;
    const char decoded = byte >= 0            ? static_cast<char>(byte)
                         : escaped[at] == '+' ? ' '
                                              : escaped[at];
    if (decoded != c) return false;
    at += byte >= 0 ? 3 : 1;
  }
  return at == escaped.size();
}

std::optional<std::string_view> QueryValues::next() {
  while (!rest_.empty()) {
    std::string_view value = cut(rest_, '&');
    const std::string_view name = cut(value, '=');
    if (equal_decoded(name, name_)) return value;
  }
  return std::nullopt;
}

bool CookieValues::next_line() {
  const auto rows = fields_.rows();
  while (row_ < rows.size() && rows[row_].id != WEIR_H_COOKIE) ++row_;
  if (row_ == rows.size()) return false;
  rest_ = as_view(rows[row_++].value);
  return true;
}

std::optional<std::string_view> CookieValues::next() {
  while (!rest_.empty() || next_line()) {
    std::string_view value = cut(rest_, ';');
    const std::string_view name = trim(cut(value, '='));
    if (name == name_) return trim(value);
  }
  return std::nullopt;
}

std::string_view query_value(std::string_view query, std::string_view name) {
  return QueryValues{query, name}.next().value_or(std::string_view{});
}

std::string_view cookie_value(const Fields& fields, std::string_view name) {
  return CookieValues{fields, name}.next().value_or(std::string_view{});
}

}  // namespace weir
