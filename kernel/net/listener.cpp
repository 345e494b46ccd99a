// SPDX-License-Identifier: Apache-2.0
#include "net/listener.hpp"

#include "base/result.hpp"
#include "net/address.hpp"
#include "net/socket.hpp"

#include <cerrno>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>

#include <Poco/Net/ServerSocketImpl.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weir {

namespace {

class AdoptedImpl final : public Poco::Net::ServerSocketImpl {
 public:
  explicit AdoptedImpl(int fd) { reset(fd); }
};

std::string reason_of(int reason, const Address& address) {
  auto text = std::generic_category().message(reason);
  if (!text.empty()) text[0] = static_cast<char>(text[0] | 0x20);
  const bool local = address.family() == Address::Family::local;
  if (reason == EACCES && !local && address.port() < 1024) {
    text += "; ports below 1024 need CAP_NET_BIND_SERVICE";
  } else if (reason == EADDRINUSE) {
    text += "; another process listens there";
  } else if (reason == EADDRNOTAVAIL) {
    text += "; no interface of this machine has it";
  } else if (reason == ENOENT && local) {
    text += "; the folder must exist";
  }
  return text;
}

Error failure(const Address& address, int reason) {
  return {"cannot listen on " + address.to_string() + ": " + reason_of(reason, address)};
}

void set(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

int bind_and_listen(int fd, const Address& address, int backlog) {
  if (address.family() != Address::Family::local) {
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);  // which accepted sockets inherit
  }
  if (address.family() == Address::Family::ipv6) {
    set(fd, IPPROTO_IPV6, IPV6_V6ONLY, address.any() ? 0 : 1);
  }
  if (::bind(fd, address.data(), address.size()) < 0) return errno;
  return ::listen(fd, backlog) < 0 ? errno : 0;
}

// True when the socket file had no one behind it and is gone now.
bool stale_file_removed(const Address& address) {
  const std::string path(address.path());
  struct stat status {};
  if (path.empty() || path[0] == '\0' || ::lstat(path.c_str(), &status) != 0) return false;
  if (!S_ISSOCK(status.st_mode)) return false;
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  const bool refused =
      ::connect(probe, address.data(), address.size()) < 0 && errno == ECONNREFUSED;
  ::close(probe);
  return refused && ::unlink(path.c_str()) == 0;
}

Address bound_address(int fd, const Address& asked) {
  if (asked.port() != 0) return asked;
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const at = reinterpret_cast<sockaddr*>(&storage);
  Address result = asked;
  if (::getsockname(fd, at, &size) == 0) result.set_port(Address(at, size).port());
  return result;
}

// Of a socket that is bound: as it would be asked for, ":80" when it takes both families.
Address address_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const at = reinterpret_cast<sockaddr*>(&storage);
  ::getsockname(fd, at, &size);
  const Address address(at, size);
  int ipv6_only = 1;
  size = sizeof ipv6_only;
  ::getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &ipv6_only, &size);
  const bool everywhere = address.family() == Address::Family::ipv6 && address.host() == "::";
  if (!everywhere || ipv6_only != 0) return address;
  return *Address::parse(":" + std::to_string(address.port()));
}

// Where IPv6 is switched off, ":80" still means every address there is.
Address ipv4_any(uint16_t port) {
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(port);
  return {reinterpret_cast<const sockaddr*>(&any), sizeof any};
}

// What happened to one connection in the queue is no reason to stop accepting: accept(2).
bool of_one_connection(int reason) {
  switch (reason) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:  // a firewall rule
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

}  // namespace

Listener::Listener(int fd, const Address& address)
    : owner_(new AdoptedImpl(fd)), address_(bound_address(fd, address)) {}

Result<Listener> Listener::open(const Address& address, int backlog) {
  const int fd = ::socket(address.data()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 && errno == EAFNOSUPPORT && address.any()) {
    return open(ipv4_any(address.port()), backlog);
  }
  if (fd < 0) return failure(address, errno);
  Listener listener(fd, address);
  // The file gets this mode (unix(7)), less the umask: who may connect is for its owner to say.
  if (address.family() == Address::Family::local) ::fchmod(fd, S_IRUSR | S_IWUSR);
  int reason = bind_and_listen(fd, address, backlog);
  if (reason == EADDRNOTAVAIL && address.any()) return open(ipv4_any(address.port()), backlog);
  if (reason == EADDRINUSE && stale_file_removed(address)) {
    reason = bind_and_listen(fd, address, backlog);
  }
  if (reason != 0) return failure(address, reason);
  listener.address_ = bound_address(fd, address);
  return listener;
}

Result<Listener> Listener::adopt(int fd) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0 || listening == 0) {
    return Error{"descriptor " + std::to_string(fd) + " is no listening socket"};
  }
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);  // which a Unix socket refuses
  return Listener(fd, address_of(fd));
}

Result<Listener> Listener::adopt(int fd, const Address& asked) {
  auto adopted = adopt(fd);
  // Where IPv6 is switched off, a socket for ":80" is another than was asked for.
  if (adopted && adopted->address().family() == asked.family()) {
    adopted->address_ = bound_address(fd, asked);
  }
  return adopted;
}

Result<Accepted, int> Listener::accept() {
  sockaddr_storage storage;  // NOLINT(cppcoreguidelines-pro-type-member-init) written by accept4
  auto* const at = reinterpret_cast<sockaddr*>(&storage);
  while (true) {
    socklen_t size = sizeof storage;
    const int fd = ::accept4(owner_->sockfd(), at, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      return Accepted{Socket::adopt(fd), Address(at, size)};
    }
    if (!of_one_connection(errno)) return errno;
  }
}

// Bound to a network interface that no machine has, the socket gets no SYN. What has begun knows
// where it came in, and goes on. An unprivileged process may do so once (Linux 5.7).
void Listener::shut_door() {
  if (address_.family() == Address::Family::local) return;
  set(fd(), SOL_SOCKET, SO_BINDTOIFINDEX, std::numeric_limits<int>::max());
}

void Listener::remove_stale_file(const Address& address) { stale_file_removed(address); }

void Listener::remove_file() {
  const auto path = address_.path();
  if (!path.empty() && path[0] != '\0') ::unlink(std::string(path).c_str());
}

}  // namespace weir
