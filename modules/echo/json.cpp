// SPDX-License-Identifier: Apache-2.0
#include "json.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

void append_quoted(std::string_view text, std::string& to) {
  constexpr std::string_view digits = "0123456789abcdef";
  to += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      to += {'\\', c};
    } else if (byte >= 0x20 && byte < 0x7f) {
      to += c;
    } else {
      to.append("\\u00");
      to += {digits[byte / 16], digits[byte % 16]};
    }
  }
  to += '"';
}

JsonObject::JsonObject(std::string& to) : to_(to) { to_ += "{"; }

void JsonObject::text(std::string_view name, std::string_view value) {
  this->name(name);
  append_quoted(value, to_);
}

void JsonObject::number(std::string_view name, uint64_t value) {
  this->name(name);
  to_ += std::to_string(value);
}

void JsonObject::open(std::string_view name) {
  this->name(name);
  to_ += '[';
  first_pair_ = true;
}

void JsonObject::pair(std::string_view first, std::string_view second) {
  separate(first_pair_);
  to_ += "  [";
  append_quoted(first, to_);
  to_ += ", ";
  append_quoted(second, to_);
  to_ += ']';
}

void JsonObject::close() { to_ += first_pair_ ? "]" : "\n  ]"; }

void JsonObject::end() { to_ += "\n}\n"; }

void JsonObject::name(std::string_view name) {
  separate(first_);
  append_quoted(name, to_);
  to_ += ": ";
}

void JsonObject::separate(bool& first) const {
  to_ += std::exchange(first, false) ? "\n  " : ",\n  ";
}
