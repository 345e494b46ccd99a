// SPDX-License-Identifier: Apache-2.0
#include "net/address.hpp"

#include <weir/module.h>

#include "base/contract.hpp"
#include "base/result.hpp"
#include "conf/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <Poco/Net/SocketAddress.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace weir {

namespace {

constexpr std::array<uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr size_t path_offset = offsetof(sockaddr_un, sun_path);

bool mapped(const uint8_t* bytes) {
  return std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes);
}

std::string write_ip(int family, const void* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, bytes, text.data(), text.size());
  return text.data();
}

// "192.0.2.1" (RFC 6943, 3.1.1: the one form that everybody reads alike).
size_t write_ipv4(const uint8_t* bytes, std::span<char> out) {
  char* at = out.data();
  char* const end = at + out.size();
  for (int i = 0; i < 4; ++i) {
    if (i > 0) *at++ = '.';
    at = std::to_chars(at, end, unsigned{bytes[i]}).ptr;
  }
  return static_cast<size_t>(at - out.data());
}

}  // namespace

Address::Address(const weir_address& address) {
  const bool ip = address.family == static_cast<uint16_t>(Family::ipv4) ||
                  address.family == static_cast<uint16_t>(Family::ipv6);
  if (ip && mapped(address.bytes)) {
    at_.ipv4.sin_family = AF_INET;
    std::memcpy(&at_.ipv4.sin_addr, address.bytes + mapped_prefix.size(), sizeof(in_addr));
    size_ = sizeof at_.ipv4;
  } else if (ip) {
    at_.ipv6.sin6_family = AF_INET6;
    std::memcpy(&at_.ipv6.sin6_addr, address.bytes, sizeof address.bytes);
    size_ = sizeof at_.ipv6;
  } else if (address.family == static_cast<uint16_t>(Family::local)) {
    at_.local.sun_family = AF_UNIX;
    size_ = path_offset;
  }
  set_port(address.port);
}

Address::Address(const Poco::Net::SocketAddress& address)
    : Address(address.addr(), address.length()) {}

Address::Address(const sockaddr* address, socklen_t size) {
  if (size < sizeof(sa_family_t)) return;
  size_ = std::min<socklen_t>(size, sizeof at_);
  std::memcpy(&at_, address, size_);
  if (at_.plain.sa_family != AF_INET6 || !mapped(at_.ipv6.sin6_addr.s6_addr)) return;
  sockaddr_in ipv4{};
  ipv4.sin_family = AF_INET;
  ipv4.sin_port = at_.ipv6.sin6_port;
  std::memcpy(&ipv4.sin_addr, at_.ipv6.sin6_addr.s6_addr + mapped_prefix.size(), sizeof(in_addr));
  at_.ipv4 = ipv4;
  size_ = sizeof ipv4;
}

std::optional<Address> Address::from(const conf::Address& written) {
  Address address;
  if (written.is_unix()) {
    auto& local = address.at_.local;
    expects(written.path.size() < sizeof local.sun_path, "the path fits");
    local.sun_family = AF_UNIX;
    std::ranges::copy(written.path, local.sun_path);
    address.size_ = static_cast<socklen_t>(path_offset + written.path.size() + 1);
    return address;
  }
  weir_address ip{};
  ip.family = static_cast<uint16_t>(Family::ipv6);
  if (!written.host.empty()) {
    const auto parsed = conf::parse_ip(written.host);
    if (!parsed) return {};
    ip = *parsed;
  }
  ip.port = written.port;
  address = Address(ip);
  address.any_ = written.host.empty();
  return address;
}

Result<Address> Address::parse(std::string_view text) {
  const auto written = conf::parse_address(text);
  if (!written) {
    return Error{"\"" + std::string(text) + "\" is no address; expected one such as " +
                 R"("127.0.0.1:80", "[::1]:80", ":80" or "unix:/run/app.sock")"};
  }
  const auto address = from(*written);
  if (!address) return Error{"\"" + written->host + "\" is a name; an IP address is needed here"};
  return *address;
}

std::string Address::host() const {
  switch (family()) {
    case Family::none:
      return "";
    case Family::local: {
      std::string name(path());
      if (name.starts_with('\0')) name[0] = '@';
      return name;
    }
    case Family::ipv4:
      return write_ip(AF_INET, &at_.ipv4.sin_addr);
    case Family::ipv6:
      return write_ip(AF_INET6, &at_.ipv6.sin6_addr);
  }
  return "";
}

std::string Address::to_string() const {
  switch (family()) {
    case Family::none:
      return "";
    case Family::local:
      return "unix:" + host();
    case Family::ipv4:
      return host() + ":" + std::to_string(port());
    case Family::ipv6:
      return (any_ ? "" : "[" + host() + "]") + ":" + std::to_string(port());
  }
  return "";
}

Address::Family Address::family() const {
  switch (size_ == 0 ? AF_UNSPEC : at_.plain.sa_family) {
    case AF_UNIX:
      return Family::local;
    case AF_INET:
      return Family::ipv4;
    case AF_INET6:
      return Family::ipv6;
    default:
      return Family::none;
  }
}

uint16_t Address::port() const {
  if (family() == Family::ipv4) return ntohs(at_.ipv4.sin_port);
  return family() == Family::ipv6 ? ntohs(at_.ipv6.sin6_port) : uint16_t{0};
}

void Address::set_port(uint16_t port) {
  if (family() == Family::ipv4) at_.ipv4.sin_port = htons(port);
  if (family() == Family::ipv6) at_.ipv6.sin6_port = htons(port);
}

std::string_view Address::path() const {
  if (family() != Family::local || size_ <= path_offset) return {};
  const std::string_view path(at_.local.sun_path, size_ - path_offset);
  return path.starts_with('\0') ? path : path.substr(0, path.find('\0'));
}

weir_address Address::weir() const {
  weir_address address{};
  address.family = static_cast<uint16_t>(family());
  address.port = port();
  if (family() == Family::ipv4) {
    std::ranges::copy(mapped_prefix, address.bytes);
    std::memcpy(address.bytes + mapped_prefix.size(), &at_.ipv4.sin_addr, sizeof(in_addr));
  } else if (family() == Family::ipv6) {
    std::memcpy(address.bytes, &at_.ipv6.sin6_addr, sizeof address.bytes);
  }
  return address;
}

Poco::Net::SocketAddress Address::poco() const {
  expects(family() == Family::ipv4 || family() == Family::ipv6, "an IP address");
  return {data(), size()};
}

bool operator==(const Address& left, const Address& right) {
  if (left.family() != right.family() || left.port() != right.port()) return false;
  if (left.family() == Address::Family::local) return left.path() == right.path();
  const auto a = left.weir();
  const auto b = right.weir();
  return std::equal(std::begin(a.bytes), std::end(a.bytes), std::begin(b.bytes)) &&
         left.any_ == right.any_;
}

bool contains(const weir_cidr& range, const weir_address& address) {
  if (address.family != 4 && address.family != 6) return false;
  const size_t whole = std::min(range.bits, 128u) / 8;
  if (!std::equal(range.bytes, range.bytes + whole, address.bytes)) return false;
  const uint32_t rest = range.bits % 8;
  if (whole == sizeof range.bytes || rest == 0) return true;
  return ((range.bytes[whole] ^ address.bytes[whole]) >> (8 - rest)) == 0;
}

std::string to_string(const weir_address& address) {
  std::array<char, longest_ip> text;
  return {text.data(), write_ip(address, text)};
}

size_t write_ip(const weir_address& address, std::span<char, longest_ip> out) {
  if (address.family == 0) return 0;
  if (address.family == static_cast<uint16_t>(Address::Family::local)) {
    return std::string_view("unix").copy(out.data(), out.size());
  }
  if (mapped(address.bytes)) return write_ipv4(address.bytes + mapped_prefix.size(), out);
  ::inet_ntop(AF_INET6, address.bytes, out.data(), out.size());
  return std::strlen(out.data());
}

}  // namespace weir
