// SPDX-License-Identifier: Apache-2.0
//
// One connection with TLS, of either side: its stream, and what is told of it.
//
// Thread: [W], its loop.
#pragma once

#include <weir/link.hpp>

#include "openssl.hpp"
#include "stream.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// Of a certificate that has been verified.
struct Identity {
  std::string subject;      // RFC 4514: "CN=alice,O=Example"
  std::string names;        // alternative names: "DNS:a.example,URI:spiffe://x/y"
  std::string fingerprint;  // SHA-256 in hexadecimal
  static Identity of(const X509* certificate);
};

class Connection {
 public:
  explicit Connection(SslPtr ssl) : stream_(std::move(ssl)) {
    SSL_set_app_data(stream_.ssl(), this);
  }
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // For callbacks of OpenSSL.
  static Connection& of(const SSL* ssl) { return *static_cast<Connection*>(SSL_get_app_data(ssl)); }

  Stream& stream() { return stream_; }
  SSL* ssl() const { return stream_.ssl(); }
  bool resumed() const { return SSL_session_reused(ssl()) == 1; }

  // The name that was asked for by SNI; empty: none.
  const std::string& name() const { return name_; }
  virtual bool serves(std::string_view) const { return true; }
  // For the log: "client 10.0.0.1" or "endpoint api.example (10.0.0.1)".
  virtual std::string who(weir::Link link) const = 0;

  // The protocol that ALPN has settled; no data: none.
  std::string_view protocol() const;
  // Of the other end, when it proved who it is; else nullptr.
  const Identity* identity();

 protected:
  std::string name_;

 private:
  Stream stream_;
  bool looked_ = false;
  std::optional<Identity> identity_;
};

// Without its port: "10.0.0.1", "::1", "unix".
std::string address_text(const weir_address& address);

// The value of an attribute that this module interns; no data: not known. Lasts as long as the
// connection.
std::string_view attribute_of(Connection& connection, uint32_t id);
