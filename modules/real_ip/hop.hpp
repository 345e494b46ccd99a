// SPDX-License-Identifier: Apache-2.0
//
// The address that a hop wrote down for the one before it, read strictly: what is not exactly an
// address is not guessed at, for a guess is what an attacker would steer.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include <arpa/inet.h>

struct Hop {
  std::array<uint8_t, 16> bytes{};  // IPv4 as ::ffff:a.b.c.d
  uint16_t port = 0;                // 0: none was named
  bool v4 = false;
};

enum class V6Form { any, bracketed };  // RFC 7239 wants brackets, X-Forwarded-For has both

inline constexpr std::array<uint8_t, 12> v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

inline std::optional<uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return {};
  uint32_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + static_cast<uint32_t>(c - '0');
  }
  if (value > 0xffff) return {};
  return static_cast<uint16_t>(value);
}

// "192.0.2.1" or "2001:db8::1", nothing around it. inet_pton takes neither octal nor zones.
inline std::optional<Hop> parse_bare(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.empty() || text.size() >= terminated.size()) return {};
  if (text.find('\0') != text.npos) return {};
  std::ranges::copy(text, terminated.begin());
  Hop hop;
  if (text.find(':') == text.npos) {
    std::ranges::copy(v4_prefix, hop.bytes.begin());
    if (inet_pton(AF_INET, terminated.data(), hop.bytes.data() + v4_prefix.size()) != 1) return {};
  } else if (inet_pton(AF_INET6, terminated.data(), hop.bytes.data()) != 1) {
    return {};
  }
  hop.v4 = std::equal(v4_prefix.begin(), v4_prefix.end(), hop.bytes.begin());
  return hop;
}

inline std::optional<Hop> with_port(std::optional<Hop> hop, std::string_view text) {
  const auto port = parse_port(text);
  if (!hop || !port) return {};
  hop->port = *port;
  return hop;
}

// "1.2.3.4", "1.2.3.4:80", "[2001:db8::1]", "[2001:db8::1]:80" and, in the form `any`, bare IPv6.
inline std::optional<Hop> parse_hop(std::string_view text, V6Form form) {
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == text.npos) return {};
    const auto inner = text.substr(1, close - 1);
    if (inner.find(':') == inner.npos) return {};
    const auto rest = text.substr(close + 1);
    if (rest.empty()) return parse_bare(inner);
    if (rest.front() != ':') return {};
    return with_port(parse_bare(inner), rest.substr(1));
  }
  const auto colons = std::count(text.begin(), text.end(), ':');
  if (colons == 1) {
    const size_t colon = text.find(':');
    return with_port(parse_bare(text.substr(0, colon)), text.substr(colon + 1));
  }
  if (colons > 1 && form == V6Form::bracketed) return {};
  return parse_bare(text);
}
