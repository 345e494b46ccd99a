// SPDX-License-Identifier: Apache-2.0
//
// Where a socket listens or connects: an IPv4 or IPv6 address with port, or the path of a Unix
// socket. No names: see resolver.hpp.
//
// An IPv4 peer of an IPv6 socket is an IPv4 address here, so one client has one spelling. The
// address lies inside the object, because accepting a connection must not allocate for it.
//
// Thread: a value.
#pragma once

#include <weir/module.h>

#include "base/result.hpp"
#include "conf/units.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <Poco/Net/SocketAddress.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace weir {

class Address {
 public:
  enum class Family : uint16_t { none = 0, local = 1, ipv4 = 4, ipv6 = 6 };  // as in weir_address

  Address() = default;
  explicit Address(const weir_address& address);
  explicit Address(const Poco::Net::SocketAddress& address);
  Address(const sockaddr* address, socklen_t size);

  // Nothing when the host is a name.
  static std::optional<Address> from(const conf::Address& written);

  // "127.0.0.1:80", "[::1]:80", "unix:/run/app.sock", and ":80" for every address of the machine.
  // Port 0 lets the system choose.
  static Result<Address> parse(std::string_view text);

  // As parse takes it. "unix:" is a Unix socket without name, "unix:@x" one outside the file
  // system.
  std::string to_string() const;

  // Without port; the path of a Unix socket.
  std::string host() const;

  Family family() const;
  bool any() const { return any_; }  // parsed from ":80": IPv6 and IPv4
  uint16_t port() const;             // 0 for a Unix socket
  void set_port(uint16_t port);
  std::string_view path() const;  // of a Unix socket; begins with NUL when abstract

  const sockaddr* data() const { return &at_.plain; }
  socklen_t size() const { return size_; }

  weir_address weir() const;  // a Unix socket keeps its family only

  // Expects: not a Unix socket.
  Poco::Net::SocketAddress poco() const;

  friend bool operator==(const Address& left, const Address& right);

 private:
  union Storage {
    sockaddr plain;
    sockaddr_in ipv4;
    sockaddr_in6 ipv6;
    sockaddr_un local;
  };

  Storage at_{};
  socklen_t size_ = 0;
  bool any_ = false;
};

// Unix sockets are in no range.
bool contains(const weir_cidr& range, const weir_address& address);

// The address without its port, as in logs and forwarding fields; "unix" for a Unix socket.
std::string to_string(const weir_address& address);
// The same into `out`; how many bytes it takes. No allocation.
inline constexpr size_t longest_ip = 46;
size_t write_ip(const weir_address& address, std::span<char, longest_ip> out);

}  // namespace weir
