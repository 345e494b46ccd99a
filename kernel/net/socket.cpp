// SPDX-License-Identifier: Apache-2.0
#include "net/socket.hpp"

#include "base/result.hpp"
#include "net/address.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <system_error>

#include <Poco/Net/StreamSocket.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

namespace weir {

namespace {

// A signal is no reason to give up a call that never waits: it is simply made again.
template <class Call>
ssize_t retried(Call call) {
  ssize_t result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

IoResult failed() {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {};
  return {IoResult::error, 0, errno};
}

int send_flags(bool more) { return MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0); }

IoResult moved(ssize_t n) {
  if (n < 0) return failed();
  return {IoResult::ok, static_cast<size_t>(n), 0};
}

}  // namespace

Socket Socket::adopt(int fd) { return Socket(fd); }

Result<Socket> Socket::connect(const Address& address) {
  const auto failure = [&](int reason) {
    return Error{"cannot connect to " + address.to_string() + ": " +
                 std::generic_category().message(reason)};
  };
  const int fd = ::socket(address.data()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return failure(errno);
  Socket socket(fd);
  // A Unix socket whose queue is full says EAGAIN and will never report the end of this attempt.
  if (::connect(fd, address.data(), address.size()) < 0 && errno != EINPROGRESS) {
    return failure(errno);
  }
  if (address.family() != Address::Family::local) socket.no_delay();
  return socket;
}

IoResult Socket::receive(std::span<char> into) {
  const auto n = retried([&] { return ::recv(fd(), into.data(), into.size(), MSG_DONTWAIT); });
  if (n == 0 && !into.empty()) return {IoResult::eof, 0, 0};
  return moved(n);
}

IoResult Socket::peek(std::span<char> into) const {
  constexpr int flags = MSG_DONTWAIT | MSG_PEEK;
  const auto n = retried([&] { return ::recv(fd(), into.data(), into.size(), flags); });
  if (n == 0 && !into.empty()) return {IoResult::eof, 0, 0};
  return moved(n);
}

IoResult Socket::send(std::span<const iovec> pieces, bool more) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());  // read only, says POSIX
  message.msg_iovlen = std::min<size_t>(pieces.size(), IOV_MAX);
  return moved(retried([&] { return ::sendmsg(fd(), &message, send_flags(more)); }));
}

IoResult Socket::send(std::string_view bytes, bool more) {
  return moved(retried([&] { return ::send(fd(), bytes.data(), bytes.size(), send_flags(more)); }));
}

IoResult Socket::send_file(int file, uint64_t offset, size_t count) {
  auto from = static_cast<off_t>(offset);
  const auto n = retried([&] { return ::sendfile(fd(), file, &from, count); });
  if (n == 0 && count > 0) return {IoResult::eof, 0, 0};
  return moved(n);
}

IoResult Socket::splice_to(int pipe, size_t count) {
  constexpr unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
  const auto n = retried([&] { return ::splice(fd(), nullptr, pipe, nullptr, count, flags); });
  if (n == 0 && count > 0) return {IoResult::eof, 0, 0};
  return moved(n);
}

IoResult Socket::splice_from(int pipe, size_t count) {
  constexpr unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
  return moved(retried([&] { return ::splice(pipe, nullptr, fd(), nullptr, count, flags); }));
}

void Socket::shutdown_write() { ::shutdown(fd(), SHUT_WR); }

void Socket::reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void Socket::no_delay() {
  const int on = 1;
  ::setsockopt(fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Address Socket::peer() const {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const at = reinterpret_cast<sockaddr*>(&storage);
  return ::getpeername(fd(), at, &size) == 0 ? Address(at, size) : Address();
}

Address Socket::local() const {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const at = reinterpret_cast<sockaddr*>(&storage);
  return ::getsockname(fd(), at, &size) == 0 ? Address(at, size) : Address();
}

Poco::Net::StreamSocket Socket::poco() const {
  auto owner = owner_;
  return {owner.duplicate()};
}

}  // namespace weir
