// SPDX-License-Identifier: Apache-2.0
//
// Whom a listener asks for a certificate, and which it believes.
#pragma once

#include <weir/types.hpp>

#include "conf.hpp"
#include "openssl.hpp"
#include "trust.hpp"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// The contents of client_ca and client_crl; replaced as a whole when a file changes.
struct ClientTrust {
  std::shared_ptr<X509_STORE> store;
  std::shared_ptr<const STACK_OF(X509_NAME)> authorities;  // what the request for one names
  // What sessions are bound to: those that were made under other contents open nothing here.
  std::array<unsigned char, 32> context;
};

// A session's context for connections that are not asked for a certificate.
std::array<unsigned char, 32> open_context();

// Fixed for the life of an instance.
class ClientPolicy {
 public:
  // Complains of what is wrong with the keys.
  ClientPolicy(weir::Setup& setup, const Conf& conf);

  bool asks_any() const { return verify_ != ClientVerify::off; }
  // Of a connection, by the name that it asked for; of a request, by its host.
  bool asks(std::string_view name) const;
  const TrustFiles& files() const { return files_; }
  // Throws BadFile.
  std::shared_ptr<const ClientTrust> read() const;
  // Makes `ssl` ask, when a connection for this name is to be asked. False: out of memory.
  bool apply(SSL* ssl, bool asks, const ClientTrust* trust) const;

 private:
  void read_hosts(weir::Setup& setup, const Conf& conf);

  ClientVerify verify_;
  int depth_;
  TrustFiles files_;
  std::vector<std::string> hosts_;  // empty: all
};
