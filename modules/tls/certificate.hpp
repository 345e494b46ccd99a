// SPDX-License-Identifier: Apache-2.0
//
// A certificate with its chain and its private key, and all that is asked of it while clients wait:
// made once from files, never changed, shared by all loops.
#pragma once

#include "openssl.hpp"

#include <ctime>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

struct CertificateFiles {
  std::string certificate;  // PEM: the certificate, then those that lead to the root
  std::string key;          // PEM, not encrypted; may be the same file
  std::string ocsp;         // DER, a response of the CA's responder; empty: none
};

// When the private key is decoded. Quick takes it on trust when it names the certificate's public
// key, and decodes it at the first use: for thousands of certificates.
enum class KeyLoad { full, quick };

class Certificate {
 public:
  // Throws BadFile when a file is missing or is not what it should be, or when they do not belong
  // together.
  Certificate(CertificateFiles files, KeyLoad load);

  const CertificateFiles& files() const { return files_; }
  // Of its subject's alternative names those of DNS, in lower case.
  const std::vector<std::string>& names() const { return names_; }
  bool covers(std::string_view host) const;
  // Of the key: EVP_PKEY_RSA, EVP_PKEY_EC, ...
  int key_type() const { return key_type_; }
  bool expired(time_t now) const { return now > until_; }
  const X509* x509() const { return certificate_.get(); }
  // The response to staple, while it is fresh; else empty.
  std::string_view ocsp(time_t now) const { return now < ocsp_until_ ? ocsp_ : std::string_view{}; }

  // Makes `ssl` prove itself by this certificate. The only place that hands a private key to a
  // handshake: a key that lives in another process would be put in here. False: openssl_reason()
  // says why.
  bool use(SSL* ssl) const;
  // For tests of whether OpenSSL accepts it at all, e.g. its key's length.
  bool use(SSL_CTX* context) const;

 private:
  void read_certificates();
  void read_names();
  void read_key(KeyLoad load);
  void read_ocsp();
  KeyPtr matching_key(std::string_view text) const;
  EVP_PKEY* key() const;

  CertificateFiles files_;
  X509Ptr certificate_;
  ChainPtr chain_;
  std::vector<std::string> names_;
  int key_type_ = 0;
  time_t until_ = 0;
  std::string ocsp_;
  time_t ocsp_until_ = 0;
  mutable std::mutex decoding_;
  mutable KeyPtr key_;        // null until it is decoded; stays from then on
  mutable std::string told_;  // what kept it from being decoded at the last use
};

// The first private key of a PEM text; throws BadFile with `path` in its words.
KeyPtr decode_key(std::string_view text, const std::string& path);
