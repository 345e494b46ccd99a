// SPDX-License-Identifier: Apache-2.0
#include "conf/units.hpp"

#include <weir/module.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace weir::conf {

namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

// From large to small, which is the order within a sum.
constexpr std::array<Unit, 7> time_units{{{"d", 86'400'000'000'000},
                                          {"h", 3'600'000'000'000},
                                          {"m", 60'000'000'000},
                                          {"s", 1'000'000'000},
                                          {"ms", 1'000'000},
                                          {"us", 1'000},
                                          {"ns", 1}}};
constexpr std::array<Unit, 9> size_units{{{"TiB", 1ULL << 40},
                                          {"GiB", 1ULL << 30},
                                          {"MiB", 1ULL << 20},
                                          {"KiB", 1ULL << 10},
                                          {"TB", 1'000'000'000'000},
                                          {"GB", 1'000'000'000},
                                          {"MB", 1'000'000},
                                          {"KB", 1'000},
                                          {"B", 1}}};

std::optional<uint64_t> times(uint64_t number, uint64_t factor) {
  uint64_t out = 0;
  if (__builtin_mul_overflow(number, factor, &out)) return {};
  return out;
}

// Takes digits off the front; nothing when there are none or too many.
std::optional<uint64_t> take_number(std::string_view& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end == text.data()) return {};
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

std::string_view take_letters(std::string_view& text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto end = std::find_if_not(text.begin(), text.end(), letter);
  const std::string_view letters = text.substr(0, static_cast<size_t>(end - text.begin()));
  text.remove_prefix(letters.size());
  return letters;
}

const Unit* find_unit(std::span<const Unit> units, std::string_view name) {
  const auto found =
      std::find_if(units.begin(), units.end(), [&](const Unit& unit) { return unit.name == name; });
  return found == units.end() ? nullptr : &*found;
}

// Digits with at most one point inside; from_chars alone would take "1e9", "inf" and "-1" too.
std::optional<double> parse_decimal(std::string_view text) {
  if (text.empty() || text.size() > 40 || text.front() == '.' || text.back() == '.' ||
      text.find_first_not_of("0123456789.") != std::string_view::npos ||
      std::count(text.begin(), text.end(), '.') > 1) {
    return {};
  }
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  return value;
}

std::string decimal(double value) {
  std::array<char, 64> out{};
  const auto [end, error] =
      std::to_chars(out.data(), out.data() + out.size(), value, std::chars_format::fixed);
  return error == std::errc{} ? std::string{out.data(), end} : "0";
}

void map_ipv4(std::array<uint8_t, 16>& bytes, const in_addr& address) {
  bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  std::memcpy(bytes.data() + 12, &address, 4);
}

// Both families, IPv4 mapped; the result says which it was: 4, 6, or 0 for neither.
uint16_t read_ip(std::string_view text, std::array<uint8_t, 16>& bytes) {
  if (text.size() > INET6_ADDRSTRLEN) return 0;
  const std::string ended{text};
  in_addr four{};
  if (inet_pton(AF_INET, ended.c_str(), &four) == 1) {
    map_ipv4(bytes, four);
    return 4;
  }
  return inet_pton(AF_INET6, ended.c_str(), bytes.data()) == 1 ? uint16_t{6} : uint16_t{0};
}

bool is_mapped(const uint8_t (&bytes)[16]) {
  constexpr std::array<uint8_t, 12> prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  return std::equal(prefix.begin(), prefix.end(), bytes);
}

// Only the bits of the prefix.
void mask(uint8_t (&bytes)[16], uint32_t bits) {
  for (uint32_t bit = bits; bit < 128; ++bit) {
    bytes[bit / 8] = static_cast<uint8_t>(bytes[bit / 8] & ~(0x80u >> (bit % 8)));
  }
}

bool is_host(std::string_view host) {
  if (host.empty()) return true;
  if (host.size() > 253 || host.front() == '.' || host.front() == '-') return false;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

std::optional<uint16_t> parse_port(std::string_view text) {
  const auto number = text.size() > 5 ? std::nullopt : take_number(text);
  if (!number || !text.empty() || *number > 65535) return {};
  return static_cast<uint16_t>(*number);
}

std::optional<weir_cidr> read_cidr(std::string_view text) {
  const size_t slash = text.find('/');
  std::array<uint8_t, 16> bytes{};
  const uint16_t family = read_ip(text.substr(0, slash), bytes);
  if (family == 0) return {};
  const uint32_t unused = family == 4 ? 96 : 0;  // bits of the mapping
  uint32_t bits = 128;
  if (slash != std::string_view::npos) {
    std::string_view rest = text.substr(slash + 1);
    const auto number = rest.size() > 3 ? std::nullopt : take_number(rest);
    if (!number || !rest.empty() || *number > 128 - unused) return {};
    bits = unused + static_cast<uint32_t>(*number);
  }
  weir_cidr out{};
  std::copy(bytes.begin(), bytes.end(), out.bytes);
  out.bits = bits;
  return out;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  uint64_t total = 0, last = std::numeric_limits<uint64_t>::max();
  if (text == "0") return Duration{0};
  do {
    const auto number = take_number(text);
    const Unit* unit = find_unit(time_units, take_letters(text));
    if (!number || unit == nullptr || unit->factor >= last) return {};
    const auto part = times(*number, unit->factor);
    if (!part || __builtin_add_overflow(total, *part, &total)) return {};
    last = unit->factor;
  } while (!text.empty());
  if (total > static_cast<uint64_t>(Duration::max().count())) return {};
  return Duration{static_cast<int64_t>(total)};
}

std::string format_duration(Duration duration) {
  if (duration <= Duration::zero()) return "0s";
  auto rest = static_cast<uint64_t>(duration.count());
  std::string out;
  for (const Unit& unit : time_units) {
    if (rest < unit.factor) continue;
    out += std::to_string(rest / unit.factor);
    out += unit.name;
    rest %= unit.factor;
  }
  return out;
}

std::optional<uint64_t> parse_size(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return {};
  if (text.empty()) return number;
  const Unit* unit = find_unit(size_units, text);
  return unit == nullptr ? std::nullopt : times(*number, unit->factor);
}

std::string format_size(uint64_t bytes) {
  for (const Unit& unit : std::span{size_units}.first(4)) {
    if (bytes >= unit.factor && bytes % unit.factor == 0) {
      return std::to_string(bytes / unit.factor) + std::string{unit.name};
    }
  }
  return std::to_string(bytes);
}

std::optional<double> parse_percent(std::string_view text) {
  if (text.empty() || text.back() != '%') return {};
  const auto value = parse_decimal(text.substr(0, text.size() - 1));
  if (!value || *value > 100) return {};
  return *value / 100;
}

std::string format_percent(double share) {
  // Rounded so that 0.07 does not come out as 7.000000000000001.
  return decimal(std::round(share * 1e8) / 1e6) + "%";
}

std::optional<double> parse_rate(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  const auto count = parse_decimal(text.substr(0, slash));
  const Unit* unit = find_unit(time_units, text.substr(slash + 1));
  if (!count || unit == nullptr || unit->factor < 1'000'000'000) return {};
  return *count / (static_cast<double>(unit->factor) / 1e9);
}

std::string format_rate(double per_second) {
  for (const auto& [name, seconds] : {std::pair{"s", 1.0}, {"m", 60.0}, {"h", 3600.0}}) {
    const double count = std::round(per_second * seconds * 1e6) / 1e6;
    if (count / seconds == per_second) return decimal(count) + "/" + name;
  }
  return decimal(per_second) + "/s";
}

std::optional<weir_cidr> parse_cidr(std::string_view text) {
  const auto out = read_cidr(text);
  if (!out) return {};
  weir_cidr clean = *out;
  mask(clean.bytes, clean.bits);
  return std::equal(clean.bytes, clean.bytes + 16, out->bytes) ? out : std::nullopt;
}

std::optional<weir_cidr> clear_host_bits(std::string_view text) {
  auto out = read_cidr(text);
  if (out) mask(out->bytes, out->bits);
  return out;
}

std::string format_cidr(const weir_cidr& cidr) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool four = is_mapped(cidr.bytes) && cidr.bits >= 96;
  const uint32_t bits = four ? cidr.bits - 96 : cidr.bits;
  inet_ntop(four ? AF_INET : AF_INET6, four ? cidr.bytes + 12 : cidr.bytes, text.data(),
            text.size());
  const bool single = cidr.bits == 128;
  return text.data() + (single ? std::string{} : "/" + std::to_string(bits));
}

std::optional<Address> parse_address(std::string_view text) {
  Address out;
  if (text.starts_with("unix:")) {
    out.path = text.substr(5);
    // sun_path of Linux holds 108 bytes with the final zero.
    const bool fits = out.path.starts_with('/') && out.path.size() < 108 &&
                      out.path.find('\0') == std::string::npos;
    return fits ? std::optional{out} : std::nullopt;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  const auto port = parse_port(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  if (!port) return {};
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    std::array<uint8_t, 16> bytes{};
    if (read_ip(host, bytes) != 6) return {};
  } else if (!is_host(host)) {
    return {};
  }
  out.host = host;
  out.port = *port;
  return out;
}

std::string format_address(const Address& address) {
  if (address.is_unix()) return "unix:" + address.path;
  const bool six = address.host.find(':') != std::string::npos;
  return (six ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

std::optional<weir_address> parse_ip(std::string_view text) {
  std::array<uint8_t, 16> bytes{};
  const uint16_t family = read_ip(text, bytes);
  if (family == 0) return {};
  weir_address out{};
  std::copy(bytes.begin(), bytes.end(), out.bytes);
  out.family = family;
  return out;
}

}  // namespace weir::conf
