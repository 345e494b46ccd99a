// SPDX-License-Identifier: Apache-2.0
//
// Values that are written as strings: durations, sizes, shares, rates, address ranges, addresses.
//
// Reading is strict: one spelling for one thing, whole text, no blanks. Each format_ function
// writes what its parse_ function reads back to the same value.
//
// Thread: any.
#pragma once

#include <weir/module.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::conf {

using Duration = std::chrono::nanoseconds;

// "30s", "5m", "1h", "250ms", "10us", "100ns", "7d", and sums from large to small: "2h30m".
std::optional<Duration> parse_duration(std::string_view text);
std::string format_duration(Duration duration);

// "512", "64KiB", "1MiB", "2GiB", "1TiB"; "1MB" is 1,000,000. In bytes.
std::optional<uint64_t> parse_size(std::string_view text);
std::string format_size(uint64_t bytes);

// "20%", "0.5%" as 0.2, 0.005; at most 100 %.
std::optional<double> parse_percent(std::string_view text);
std::string format_percent(double share);

// "50/s", "100/m", "3/h", per second.
std::optional<double> parse_rate(std::string_view text);
std::string format_rate(double per_second);

// "10.0.0.0/8", "::1", "2001:db8::/32". Bits beyond the prefix must be zero.
std::optional<weir_cidr> parse_cidr(std::string_view text);
std::string format_cidr(const weir_cidr& cidr);

// What "10.0.0.1/8" was meant to be: 10.0.0.0/8.
std::optional<weir_cidr> clear_host_bits(std::string_view text);

// Where something listens or answers. Exactly one of `host` (with port) and `path` is used, but a
// listener's host may be empty: any address.
struct Address {
  std::string host;  // a name, or an IP address without brackets
  uint16_t port = 0;
  std::string path;  // of a Unix socket: absolute; empty otherwise
  bool is_unix() const { return !path.empty(); }
};

// "127.0.0.1:80", "[::1]:80", "example.com:80", ":80" (host empty), "unix:/run/app.sock".
std::optional<Address> parse_address(std::string_view text);
std::string format_address(const Address& address);

// An IPv4 or IPv6 address without port or brackets.
std::optional<weir_address> parse_ip(std::string_view text);

}  // namespace weir::conf
