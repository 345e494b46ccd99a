// SPDX-License-Identifier: Apache-2.0
#include "target.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view digits = "0123456789ABCDEF";
// RFC 3986, 3.3 and 3.4: what may stand in a path or query beside letters and digits.
constexpr std::string_view marks = "-._~!$&'()*+,;=:@/?";

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const int letter = (c | 0x20) - 'a';
  return letter >= 0 && letter < 6 ? letter + 10 : -1;
}

// The byte that an escape at `at` stands for, or -1.
int escaped_byte(std::string_view text, size_t at) {
  if (text[at] != '%' || text.size() - at < 3) return -1;
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool may_stand(std::string_view text, size_t at) {
  const char c = text[at];
  return is_alphanumeric(c) || marks.find(c) != marks.npos || escaped_byte(text, at) >= 0;
}

}  // namespace

const char* flaw_of_prefix(std::string_view prefix) {
  if (prefix.empty() || prefix.front() != '/') return "a prefix begins with \"/\"";
  if (prefix.find("//") != prefix.npos) return "a path never holds \"//\" here";
  for (size_t at = 0; at < prefix.size(); ++at) {
    if (prefix[at] == '?' || !may_stand(prefix, at)) return "not a path; escape as in a URL";
  }
  return nullptr;
}

std::string_view without_prefix(std::string_view path, std::string_view prefix) {
  if (!prefix.empty() && prefix.back() == '/') prefix.remove_suffix(1);
  if (path.substr(0, prefix.size()) != prefix) return path;
  const std::string_view rest = path.substr(prefix.size());
  if (rest.empty()) return "/";
  return rest.front() == '/' ? rest : path;
}

void append_escaped(std::string_view text, std::string& to) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (may_stand(text, at)) {
      to += text[at];
      continue;
    }
    const auto byte = static_cast<unsigned char>(text[at]);
    to += {'%', digits[byte / 16], digits[byte % 16]};
  }
}

void append_query(std::string_view part, std::string& query) {
  if (part.empty()) return;
  if (!query.empty()) query += '&';
  query += part;
}

bool names(std::string_view pattern, std::string_view escaped) {
  const bool open = !pattern.empty() && pattern.back() == '*';
  if (open) pattern.remove_suffix(1);
  size_t at = 0;
  for (const char c : pattern) {
    if (at >= escaped.size()) return false;
    const int byte = escaped_byte(escaped, at);
    const char plain = escaped[at] == '+' ? ' ' : escaped[at];
    if ((byte >= 0 ? static_cast<char>(byte) : plain) != c) return false;
    at += byte >= 0 ? 3 : 1;
  }
  return open || at == escaped.size();
}
