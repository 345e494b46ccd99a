// SPDX-License-Identifier: Apache-2.0
//
// What OpenSSL hands out, owned by values, and what it says of failures, in words.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

template <auto Release>
struct Released {
  template <class T>
  void operator()(T* held) const {
    Release(held);
  }
};

struct ChainReleased {
  void operator()(STACK_OF(X509) * chain) const { sk_X509_pop_free(chain, X509_free); }
};

using BioPtr = std::unique_ptr<BIO, Released<BIO_free>>;
using ChainPtr = std::unique_ptr<STACK_OF(X509), ChainReleased>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Released<EVP_PKEY_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, Released<SSL_SESSION_free>>;
using SslPtr = std::unique_ptr<SSL, Released<SSL_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, Released<SSL_CTX_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Released<X509_STORE_free>>;
using X509Ptr = std::unique_ptr<X509, Released<X509_free>>;

// A file, or several that belong together, that cannot be used: what() says which and why.
class BadFile : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Why the last call failed, such as "no shared cipher"; empties this thread's queue of errors.
std::string openssl_reason();

// Why the handshake of `ssl` failed, with what was wrong with the peer's certificate and what the
// peer said of ours.
std::string handshake_reason(const SSL* ssl);

// The whole file. Throws BadFile where it is no regular file, cannot be read or is longer than
// `limit` bytes.
std::string read_file(const std::string& path, size_t limit = size_t{16} << 20);
