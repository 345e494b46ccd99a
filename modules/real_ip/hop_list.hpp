// SPDX-License-Identifier: Apache-2.0
//
// The hops that a request passed, out of one or more lines of X-Forwarded-For or Forwarded.
//
// A list is read from the front, as its grammar asks, and walked from the back, where the nearest
// proxy wrote. An element that breaks the grammar is kept as an empty hop, at which a walk stops;
// what comes after it in its line cannot be told apart and is left out. Only the nearest 64 hops
// are kept: views into the lines, no allocation.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

class HopList {
 public:
  static constexpr size_t most = 64;

  void add(std::string_view hop) { hops_[count_++ % most] = hop; }

  // 0 is the nearest; nothing beyond the last one kept.
  std::optional<std::string_view> nearest(size_t index) const {
    if (index >= count_ || index >= most) return {};
    return hops_[(count_ - 1 - index) % most];
  }

  // A line such as "203.0.113.7, 10.0.0.2".
  void add_plain(std::string_view line) {
    for (;;) {
      const size_t comma = line.find(',');
      add(trimmed(line.substr(0, comma)));
      if (comma == line.npos) return;
      line.remove_prefix(comma + 1);
    }
  }

  // A line such as `for=192.0.2.60;proto=http, for="[2001:db8::1]:4711"` (RFC 7239).
  void add_forwarded(std::string_view line) {
    for (;;) {
      const auto hop = take_element(line);
      add(hop.value_or(std::string_view{}));
      if (!hop || line.empty()) return;
      line.remove_prefix(1);  // the comma
    }
  }

  static std::string_view trimmed(std::string_view text) {
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
  }

 private:
  static bool blank(char c) { return c == ' ' || c == '\t'; }

  static void skip_blanks(std::string_view& line) {
    while (!line.empty() && blank(line.front())) line.remove_prefix(1);
  }

  static bool token_char(char c) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != marks.npos;
  }

  static std::string_view take_token(std::string_view& line) {
    size_t end = 0;
    while (end < line.size() && token_char(line[end])) ++end;
    const auto token = line.substr(0, end);
    line.remove_prefix(end);
    return token;
  }

  // A value with an escape in it is no address, so it need not be unescaped: it becomes empty.
  static std::optional<std::string_view> take_value(std::string_view& line) {
    if (!line.starts_with('"')) {
      const auto token = take_token(line);
      if (token.empty()) return {};
      return token;
    }
    bool escaped = false;
    for (size_t at = 1; at < line.size(); ++at) {
      if (line[at] == '\\') {
        escaped = true;
        ++at;
      } else if (line[at] == '"') {
        const auto inner = line.substr(1, at - 1);
        line.remove_prefix(at + 1);
        return escaped ? std::string_view{} : inner;
      }
    }
    return {};
  }

  static bool is_for(std::string_view name) {
    return name.size() == 3 && (name[0] | 0x20) == 'f' && (name[1] | 0x20) == 'o' &&
           (name[2] | 0x20) == 'r';
  }

  // The `for` of the element at the front, empty if it names none; nothing when the grammar is
  // broken or `for` is said twice. Stops at the comma that follows, or at the end.
  static std::optional<std::string_view> take_element(std::string_view& line) {
    std::optional<std::string_view> hop;
    for (;;) {
      skip_blanks(line);
      const auto name = take_token(line);
      if (!name.empty()) {
        if (!line.starts_with('=')) return {};
        line.remove_prefix(1);
        const auto value = take_value(line);
        if (!value || (is_for(name) && hop)) return {};
        if (is_for(name)) hop = value;
      }
      skip_blanks(line);
      if (line.empty() || line.front() == ',') return hop.value_or(std::string_view{});
      if (line.front() != ';') return {};
      line.remove_prefix(1);
    }
  }

  std::array<std::string_view, most> hops_{};
  size_t count_ = 0;
};
