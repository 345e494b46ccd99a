// SPDX-License-Identifier: Apache-2.0
#include "location.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view digits = "0123456789ABCDEF";
// RFC 3986, 3.3 and 3.4: what may stand in a path or query beside letters and digits.
constexpr std::string_view marks = "-._~!$&'()*+,;=:@/?";

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_escape(std::string_view text, size_t at) {
  return text[at] == '%' && text.size() - at >= 3 && is_hex(text[at + 1]) && is_hex(text[at + 2]);
}

void append_escaped(std::string_view text, std::string& to) {
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (is_alphanumeric(c) || marks.find(c) != marks.npos || is_escape(text, at)) {
      to += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    to += {'%', digits[byte / 16], digits[byte % 16]};
  }
}

uint32_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

uint32_t port_of(const Place& place) {
  return place.authority.port != 0 ? place.authority.port : default_port(place.scheme);
}

}  // namespace

Authority split_authority(std::string_view text) {
  const size_t bracket = text.rfind(']');
  const size_t colon = text.rfind(':');
  if (colon == text.npos || (bracket != text.npos && colon < bracket)) return {text, 0};
  uint32_t port = 0;
  const std::string_view number = text.substr(colon + 1);
  std::from_chars(number.data(), number.data() + number.size(), port);
  return {text.substr(0, colon), port <= 65535 ? port : 0};
}

bool is_host(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    const std::string_view inner = text.substr(1, text.size() - 2);
    return std::ranges::all_of(inner, [](char c) { return is_hex(c) || c == ':' || c == '.'; });
  }
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || c == '-' || c == '.' || c == '_';
  });
}

void set_target(std::string_view text, std::string_view kept, Place& place) {
  const size_t mark = std::min(text.find('?'), text.size());
  const std::string_view path = text.substr(0, mark);
  place.path = "/";
  append_escaped(path.substr(std::min(path.find_first_not_of('/'), path.size())), place.path);
  place.query.clear();
  append_escaped(text.substr(std::min(mark + 1, text.size())), place.query);
  if (kept.empty()) return;
  if (!place.query.empty()) place.query += '&';
  append_escaped(kept, place.query);
}

bool same(const Place& place, const Place& other) {
  if (place.path != other.path || place.query != other.query) return false;
  if (place.scheme.empty()) return true;
  return place.scheme == other.scheme && place.authority.host == other.authority.host &&
         port_of(place) == port_of(other);
}

void append_location(const Place& place, std::string& to) {
  if (!place.scheme.empty()) {
    to.append(place.scheme).append("://").append(place.authority.host);
    if (port_of(place) != default_port(place.scheme)) {
      to.append(":").append(std::to_string(place.authority.port));
    }
  }
  to.append(place.path);
  if (!place.query.empty()) to.append("?").append(place.query);
}
