// SPDX-License-Identifier: Apache-2.0
#include "preamble.hpp"

#include <weir/module.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace {

constexpr std::string_view line_start = "PROXY ";
constexpr size_t longest_line = 107;
constexpr std::string_view signature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr size_t head_size = 16;
constexpr size_t detail_head = 3;
constexpr std::array<uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

Preamble refused(const char* why) {
  Preamble result;
  result.state = Preamble::State::refused;
  result.wrong = why;
  return result;
}

uint16_t number16(const char* at) {
  return static_cast<uint16_t>((static_cast<uint8_t>(at[0]) << 8) | static_cast<uint8_t>(at[1]));
}

uint32_t number32(const char* at) { return (uint32_t{number16(at)} << 16) | number16(at + 2); }

weir_address ipv4(const char* bytes, uint16_t port) {
  weir_address out{};
  std::copy(mapped.begin(), mapped.end(), out.bytes);
  std::memcpy(out.bytes + mapped.size(), bytes, 4);
  out.port = port;
  out.family = 4;
  return out;
}

weir_address ipv6(const char* bytes, uint16_t port) {
  weir_address out{};
  std::memcpy(out.bytes, bytes, 16);
  out.port = port;
  out.family = std::equal(mapped.begin(), mapped.end(), out.bytes) ? 4 : 6;
  return out;
}

// ---- version 1

// Up to the next space; nullopt: there is none, or nothing before it.
std::optional<std::string_view> take_word(std::string_view& line) {
  const size_t end = std::min(line.find(' '), line.size());
  if (end == 0) return {};
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

std::optional<uint16_t> parse_port(std::string_view text) {
  if (text.empty()) return {};
  uint16_t port = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool canonical = text.size() == 1 || text.front() != '0';
  if (wrong != std::errc{} || end != text.data() + text.size() || !canonical) {
    return {};
  }
  return port;
}

std::optional<weir_address> parse_address(std::string_view text, uint16_t port, bool v4) {
  std::array<char, INET6_ADDRSTRLEN> ended{};
  std::array<char, 16> bytes{};
  if (text.size() >= ended.size() || text.find('\0') != text.npos) return {};
  std::copy(text.begin(), text.end(), ended.begin());
  if (::inet_pton(v4 ? AF_INET : AF_INET6, ended.data(), bytes.data()) != 1) return {};
  return v4 ? ipv4(bytes.data(), port) : ipv6(bytes.data(), port);
}

bool parse_ends(std::string_view line, bool v4, Preamble& result) {
  const auto source = take_word(line);
  const auto destination = take_word(line);
  const auto source_port = take_word(line);
  if (!source || !destination || !source_port) return false;
  const auto from = parse_port(*source_port);
  const auto to = parse_port(line);
  if (!from || !to) return false;
  const auto first = parse_address(*source, *from, v4);
  const auto second = parse_address(*destination, *to, v4);
  if (!first || !second) return false;
  result.source = *first;
  result.destination = *second;
  return true;
}

Preamble read_line(std::string_view bytes) {
  const size_t end = bytes.substr(0, longest_line).find("\r\n");
  if (end == bytes.npos) {
    return bytes.size() < longest_line ? Preamble{} : refused("its line does not end");
  }
  Preamble result;
  result.state = Preamble::State::complete;
  result.version = 1;
  result.size = end + 2;
  std::string_view line = bytes.substr(line_start.size(), end - line_start.size());
  const auto family = take_word(line);
  if (!family) return refused("its line names no family");
  if (*family == "UNKNOWN") return result;
  if (*family != "TCP4" && *family != "TCP6") return refused("its line names an unknown family");
  if (!parse_ends(line, *family == "TCP4", result)) return refused("its addresses are malformed");
  return result;
}

// ---- version 2

// Castagnoli's polynomial, reflected; one connection has few bytes of it.
uint32_t crc32c(std::string_view bytes, size_t field) {
  uint32_t crc = ~uint32_t{0};
  for (size_t i = 0; i < bytes.size(); ++i) {
    const bool in_field = i >= field && i < field + 4;
    crc ^= in_field ? 0U : static_cast<uint8_t>(bytes[i]);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
  }
  return ~crc;
}

bool are_details(std::string_view details) {
  while (!details.empty()) {
    if (details.size() < detail_head) return false;
    const size_t size = detail_head + number16(details.data() + 1);
    if (size > details.size()) return false;
    details.remove_prefix(size);
  }
  return true;
}

bool checks(std::string_view whole, std::string_view details) {
  const std::string_view sum = detail(details, Detail::crc32c);
  if (sum.data() == nullptr) return true;
  if (sum.size() != 4) return false;
  return number32(sum.data()) == crc32c(whole, static_cast<size_t>(sum.data() - whole.data()));
}

// The addresses of a family take so many bytes of the block.
size_t addresses_size(uint8_t family) {
  constexpr std::array<size_t, 4> sizes{0, 12, 36, 216};
  return sizes[family];
}

void read_addresses(const char* at, uint8_t family, Preamble& result) {
  if (family == 1) {
    result.source = ipv4(at, number16(at + 8));
    result.destination = ipv4(at + 4, number16(at + 10));
  } else if (family == 2) {
    result.source = ipv6(at, number16(at + 32));
    result.destination = ipv6(at + 16, number16(at + 34));
  }  // a Unix socket has no address that would tell clients apart
}

Preamble read_binary(std::string_view bytes) {
  if (bytes.size() < head_size) return {};
  const auto command = static_cast<uint8_t>(bytes[12]);
  const auto family = static_cast<uint8_t>(static_cast<uint8_t>(bytes[13]) >> 4);
  const size_t size = head_size + number16(bytes.data() + 14);
  if (command != 0x20 && command != 0x21) return refused("its version or command is unknown");
  if (size > longest_preamble) return refused("it is longer than 536 bytes");
  const bool speaks_for_another = command == 0x21;
  if (speaks_for_another && family > 3) return refused("its family is unknown");
  const size_t addresses = speaks_for_another ? addresses_size(family) : 0;
  if (head_size + addresses > size) return refused("it is too short for its addresses");
  if (bytes.size() < size) return {};
  Preamble result;
  result.state = Preamble::State::complete;
  result.version = 2;
  result.size = size;
  if (!speaks_for_another) return result;  // what else it may say is not looked at
  read_addresses(bytes.data() + head_size, family, result);
  result.details = bytes.substr(head_size + addresses, size - head_size - addresses);
  if (!are_details(result.details)) return refused("its details are malformed");
  if (!checks(bytes.substr(0, size), result.details)) return refused("its checksum is wrong");
  return result;
}

void put16(char*& at, uint16_t value) {
  *at++ = static_cast<char>(value >> 8);
  *at++ = static_cast<char>(value & 0xff);
}

size_t put_binary(const weir_address& source, const weir_address& destination, char* out) {
  char* at = std::copy(signature.begin(), signature.end(), out);
  const bool known = source.family >= 4 && destination.family >= 4;
  const bool v4 = source.family == 4 && destination.family == 4;
  *at++ = known ? 0x21 : 0x20;
  *at++ = static_cast<char>(!known ? 0x00 : v4 ? 0x11 : 0x21);
  put16(at, static_cast<uint16_t>(addresses_size(!known ? 0 : v4 ? 1 : 2)));
  if (!known) return static_cast<size_t>(at - out);
  const size_t skipped = v4 ? mapped.size() : 0;
  at = std::copy(source.bytes + skipped, std::end(source.bytes), at);
  at = std::copy(destination.bytes + skipped, std::end(destination.bytes), at);
  put16(at, source.port);
  put16(at, destination.port);
  return static_cast<size_t>(at - out);
}

std::string text_of(const weir_address& address, bool v4) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(v4 ? AF_INET : AF_INET6, address.bytes + (v4 ? mapped.size() : 0), text.data(),
              static_cast<socklen_t>(text.size()));
  return text.data();
}

size_t put_line(const weir_address& source, const weir_address& destination,
                std::span<char, longest_preamble> out) {
  std::string line = "PROXY UNKNOWN\r\n";
  if (source.family >= 4 && destination.family >= 4) {
    const bool v4 = source.family == 4 && destination.family == 4;
    line = std::string(line_start) + (v4 ? "TCP4 " : "TCP6 ") + text_of(source, v4) + ' ' +
           text_of(destination, v4) + ' ' + std::to_string(source.port) + ' ' +
           std::to_string(destination.port) + "\r\n";
  }
  std::copy(line.begin(), line.end(), out.begin());
  return line.size();
}

}  // namespace

Preamble read_preamble(std::string_view bytes) {
  const auto begins = [bytes](std::string_view with) {
    return bytes.substr(0, with.size()) == with.substr(0, bytes.size());
  };
  if (begins(signature)) {
    return bytes.size() < signature.size() ? Preamble{} : read_binary(bytes);
  }
  if (begins(line_start)) return bytes.size() < line_start.size() ? Preamble{} : read_line(bytes);
  return refused("there is none");
}

std::string_view detail(std::string_view details, Detail wanted) {
  const auto type = static_cast<uint8_t>(wanted);
  const bool nested = type > static_cast<uint8_t>(Detail::tls) && type < 0x30;
  if (nested) {
    constexpr size_t fixed = 5;  // a byte of flags and a result of four
    details = detail(details, Detail::tls);
    if (details.size() < fixed) return {};
    details.remove_prefix(fixed);
  }
  while (details.size() >= detail_head) {
    const size_t size = number16(details.data() + 1);
    if (size > details.size() - detail_head) return {};
    if (static_cast<uint8_t>(details.front()) == type) return details.substr(detail_head, size);
    details.remove_prefix(detail_head + size);
  }
  return {};
}

size_t write_preamble(uint32_t version, const weir_address& source, const weir_address& destination,
                      std::span<char, longest_preamble> out) {
  return version == 1 ? put_line(source, destination, out)
                      : put_binary(source, destination, out.data());
}
