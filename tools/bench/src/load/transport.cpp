// SPDX-License-Identifier: Apache-2.0
#include "transport.hpp"

#include <cerrno>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {

namespace {

sockaddr_in loopback(uint32_t offset, uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + offset);
  return address;
}

}  // namespace

Tls Tls::client() {
  Tls tls;
  tls.context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = tls.context.get();
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set1_groups_list(context, "X25519:P-256");
  SSL_CTX_set_read_ahead(context, 1);
  return tls;
}

bool Transport::connect(uint16_t port, int source) {
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) return false;
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (source >= 0) {
    ::setsockopt(descriptor_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const sockaddr_in from = loopback(0xff + static_cast<uint32_t>(source), 0);
    if (::bind(descriptor_, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) {
      return false;
    }
  }
  const sockaddr_in to = loopback(0, port);
  const int result = ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  return result == 0 || errno == EINPROGRESS;
}

void Transport::start_tls(const Tls& tls) {
  tls_.reset(SSL_new(tls.context.get()));
  SSL_set_fd(tls_.get(), descriptor_);
  SSL_set_tlsext_host_name(tls_.get(), "bench.test");
  if (tls.session) SSL_set_session(tls_.get(), tls.session.get());
  SSL_set_connect_state(tls_.get());
}

Transport::Step Transport::handshake() {
  const int result = SSL_do_handshake(tls_.get());
  if (result == 1) return Step::done;
  const int error = SSL_get_error(tls_.get(), result);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? Step::wait : Step::failed;
}

ssize_t Transport::read(char* into, size_t size) {
  if (!tls_) return ::recv(descriptor_, into, size, 0);
  const int result = SSL_read(tls_.get(), into, static_cast<int>(size));
  return result > 0 ? result : tls_failure(result);
}

ssize_t Transport::write(const char* from, size_t size) {
  if (!tls_) return ::send(descriptor_, from, size, MSG_NOSIGNAL);
  const int result = SSL_write(tls_.get(), from, static_cast<int>(size));
  return result > 0 ? result : tls_failure(result);
}

// What a plain socket would have said: 0 at the end, else -1 and errno.
ssize_t Transport::tls_failure(int result) const {
  const int error = SSL_get_error(tls_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    errno = EAGAIN;
    return -1;
  }
  if (error == SSL_ERROR_ZERO_RETURN || (error == SSL_ERROR_SYSCALL && errno == 0)) return 0;
  errno = ECONNRESET;
  return -1;
}

int Transport::take_error() const {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

void Transport::close() {
  tls_.reset();
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

std::unique_ptr<SSL_SESSION, FreeTls> take_ticket(Transport& transport) {
  for (int i = 0; i < 100; ++i) {
    char byte = 0;
    transport.read(&byte, 1);
    std::unique_ptr<SSL_SESSION, FreeTls> session(SSL_get1_session(transport.tls()));
    if (session && SSL_SESSION_is_resumable(session.get()) == 1) return session;
    ::usleep(1000);
  }
  return nullptr;
}

}  // namespace bench
