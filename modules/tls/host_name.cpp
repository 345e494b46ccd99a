// SPDX-License-Identifier: Apache-2.0
#include "host_name.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace {

constexpr size_t longest = 253;  // RFC 1035, without the final dot

bool is_host_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
         byte == '_' || byte == '.';
}

char lower(char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte; }

// Takes a number of two bytes off the front.
std::optional<size_t> take_length(std::string_view& from) {
  if (from.size() < 2) return {};
  const auto high = static_cast<uint8_t>(from[0]);
  const auto low = static_cast<uint8_t>(from[1]);
  from.remove_prefix(2);
  return size_t{high} * 256 + low;
}

}  // namespace

std::optional<std::string> host_name(std::string_view text, bool wildcard) {
  std::string name;
  if (wildcard && text.starts_with("*.")) {
    name = "*.";
    text.remove_prefix(2);
  }
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > longest || text.starts_with('.')) return {};
  for (const char raw : text) {
    const char byte = lower(raw);
    if (!is_host_byte(byte) || (byte == '.' && name.ends_with('.') && name != "*.")) return {};
    name.push_back(byte);
  }
  return name;
}

std::string wildcard_of(std::string_view name) {
  const auto dot = name.find('.');
  if (dot == std::string_view::npos || dot == 0) return {};
  return "*" + std::string{name.substr(dot)};
}

bool covers(std::string_view certified, std::string_view host) {
  if (certified == host) return true;
  return certified.starts_with("*.") && certified == wildcard_of(host);
}

std::optional<std::string> server_name_of(std::string_view extension) {
  // One list of one entry: type 0 and a name (RFC 6066, 3).
  const auto list = take_length(extension);
  if (!list || *list != extension.size() || extension.empty()) return {};
  if (extension.front() != 0) return {};
  extension.remove_prefix(1);
  const auto length = take_length(extension);
  if (!length || *length != extension.size()) return {};
  return host_name(extension);
}
