// SPDX-License-Identifier: Apache-2.0
#include "http/authority.hpp"

#include "base/arena.hpp"
#include "http/grammar.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace weir {
namespace {

constexpr size_t longest_host = 255;

bool is_name_byte(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '.' || c == '_';
}

bool is_name(std::string_view host) {
  return !host.empty() && host.size() <= longest_host && host.front() != '.' &&
         host.find("..") == host.npos && std::all_of(host.begin(), host.end(), is_name_byte);
}

// "[::1]". inet_pton wants a C string, and an IPv6 address has at most 45 characters.
bool is_bracketed_address(std::string_view host) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (host.size() < 4 || host.size() - 2 >= text.size() || host.back() != ']') return false;
  const std::string_view inner = host.substr(1, host.size() - 2);
  if (inner.find('\0') != inner.npos) return false;
  std::copy(inner.begin(), inner.end(), text.begin());
  in6_addr address{};
  return inet_pton(AF_INET6, text.data(), &address) == 1;
}

bool is_port(std::string_view text) {
  const auto number = parse_length(text);
  return number && text.size() <= 5 && *number >= 1 && *number <= 65535;
}

// Length of the host in host[:port].
size_t host_size(std::string_view text) {
  const bool bracket = !text.empty() && text.front() == '[';
  const size_t end = bracket ? text.find(']') : text.find(':');
  if (end == text.npos) return text.size();
  return bracket ? end + 1 : end;
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text, Arena& arena) {
  const size_t size = host_size(text);
  const std::string_view rest = text.substr(size);
  const std::string_view given = text.substr(0, size);
  const bool bracket = !given.empty() && given.front() == '[';
  if (!(bracket ? is_bracketed_address(given) : is_name(given))) return std::nullopt;
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return std::nullopt;

  const std::string_view lowered = lower_case(text, arena);
  if (lowered.empty()) return std::nullopt;
  std::string_view host = lowered.substr(0, size);
  if (host.back() == '.') host.remove_suffix(1);
  return Authority{lowered, host};
}

}  // namespace weir
