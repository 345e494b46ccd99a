// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <openssl/ssl.h>
#include <sys/types.h>

namespace bench {

struct FreeTls {
  void operator()(SSL* tls) const { SSL_free(tls); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};

// What all TLS connections share: TLS 1.3 only, and the session to resume if there shall be one.
struct Tls {
  std::unique_ptr<SSL_CTX, FreeTls> context;
  std::unique_ptr<SSL_SESSION, FreeTls> session;

  static Tls client();
};

// A socket without blocking, plain or with TLS on top.
class Transport {
 public:
  enum class Step : uint8_t { done, wait, failed };

  Transport() = default;
  ~Transport() { close(); }
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Begins to connect to 127.0.0.1:`port` from 127.0.1.0 + `source`, or from where the system
  // likes if that is negative. False: errno says why.
  bool connect(uint16_t port, int source);
  void start_tls(const Tls& tls);
  Step handshake();

  // As recv(2) and send(2) do, errno included.
  ssize_t read(char* into, size_t size);
  ssize_t write(const char* from, size_t size);

  int take_error() const;  // SO_ERROR
  void close();

  int descriptor() const { return descriptor_; }
  SSL* tls() const { return tls_.get(); }

 private:
  int descriptor_ = -1;
  std::unique_ptr<SSL, FreeTls> tls_;

  ssize_t tls_failure(int result) const;
};

// Waits for the session ticket that follows a TLS 1.3 handshake, for a tenth of a second at most.
std::unique_ptr<SSL_SESSION, FreeTls> take_ticket(Transport& transport);

}  // namespace bench
