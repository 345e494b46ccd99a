// SPDX-License-Identifier: Apache-2.0
//
// One line of a log: at most 8 KiB however long the values are, and never more than one line.
//
// What a peer sent is escaped byte by byte, so no value can end the line, close a quote or move the
// cursor of a terminal. A value is cut at 2 KiB, always between whole characters, and then the line
// says so. Some room at the end is kept free, so a line that was begun can always be closed.
//
// Thread: one at a time; no allocation.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

enum class Escaping : uint8_t { none, log, json };

class Line {
 public:
  static constexpr size_t most = 8192;
  static constexpr size_t most_of_a_value = 2048;
  static constexpr size_t kept_free = 32;

  void clear() {
    size_ = 0;
    cut_ = false;
  }
  size_t size() const { return size_; }
  bool cut() const { return cut_; }
  std::string_view view() const { return {text_.data(), size_}; }

  // As it is: text of the conf file.
  void add(std::string_view text) {
    if (has_room(text.size())) put(text);
  }
  // False: the line is full, and says so from now on.
  bool has_room(size_t count) { return fits(count, most - kept_free); }
  // The end of what was begun, out of the room kept for it.
  void close(std::string_view text) {
    if (size_ + text.size() <= most) put(text);
  }
  void shorten(size_t size) { size_ = size; }

  // Text of a peer, in one or more parts.
  void begin_value() { value_end_ = std::min(size_ + most_of_a_value, most - kept_free); }
  void add_value(std::string_view text, Escaping escaping) {
    while (!text.empty()) {
      Unit unit{};
      const size_t taken = escape(text, escaping, unit);
      if (!fits(unit.size, value_end_)) return;
      put({unit.text.data(), unit.size});
      text.remove_prefix(taken);
    }
  }

 private:
  struct Unit {
    std::array<char, 6> text;
    size_t size;

    void copy(std::string_view bytes) {
      std::memcpy(text.data(), bytes.data(), bytes.size());
      size = bytes.size();
    }
    void hex(std::string_view prefix, unsigned byte) {
      copy(prefix);
      text[size++] = "0123456789abcdef"[byte >> 4 & 15];
      text[size++] = "0123456789abcdef"[byte & 15];
    }
  };

  bool fits(size_t count, size_t end) {
    if (size_ + count <= end) return true;
    cut_ = true;
    return false;
  }

  void put(std::string_view text) {
    std::memcpy(text_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }

  // Escapes the character at the front; how many bytes of `text` that was.
  static size_t escape(std::string_view text, Escaping escaping, Unit& unit) {
    const auto byte = static_cast<unsigned char>(text.front());
    const bool quoting = byte == '"' || byte == '\\';
    if (escaping == Escaping::none || (byte >= 0x20 && byte < 0x7f && !quoting)) {
      unit.copy(text.substr(0, 1));
    } else if (quoting) {
      unit.copy(byte == '"' ? "\\\"" : "\\\\");
    } else if (escaping == Escaping::log) {
      unit.hex("\\x", byte);
    } else if (byte < 0x80) {
      unit.hex("\\u00", byte);
    } else {
      return escape_utf8(text, unit);
    }
    return 1;
  }

  // JSON is UTF-8: what is none becomes U+FFFD, and the controls of U+0080 to U+009F are escaped.
  static size_t escape_utf8(std::string_view text, Unit& unit) {
    const size_t length = utf8_length(text);
    if (length == 0) {
      unit.copy("\\ufffd");
      return 1;
    }
    const auto second = static_cast<unsigned char>(text[1]);
    if (text[0] == '\xc2' && second < 0xa0) {
      unit.hex("\\u00", second);
    } else {
      unit.copy(text.substr(0, length));
    }
    return length;
  }

  // Of the character at the front, 0 if it is none: cut off, overlong, a surrogate, too large.
  static size_t utf8_length(std::string_view text) {
    const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = at(0);
    const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
    for (size_t i = 1; i < length; ++i) {
      if ((at(i) & 0xc0) != 0x80) return 0;
    }
    if (first == 0xe0 && at(1) < 0xa0) return 0;
    if (first == 0xed && at(1) > 0x9f) return 0;
    if (first == 0xf0 && at(1) < 0x90) return 0;
    if (first == 0xf4 && at(1) > 0x8f) return 0;
    return length;
  }

  std::array<char, most> text_;
  size_t size_ = 0;
  size_t value_end_ = 0;
  bool cut_ = false;
};
