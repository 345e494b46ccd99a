// SPDX-License-Identifier: Apache-2.0
//
// The certificates that a file names, kept as the files have them.
#pragma once

#include <weir/types.hpp>

#include "certificate.hpp"
#include "conf.hpp"
#include "directory.hpp"
#include "files.hpp"
#include "openssl.hpp"
#include "side.hpp"

#include <memory>
#include <string>
#include <vector>

#include <openssl/types.h>

// "certificate[3]", or "certificate" when there is but one.
std::string item_key(const char* key, size_t at, size_t count);

// What certificate, key and ocsp name together. Complains where they do not fit one another.
std::vector<CertificateFiles> certificate_files(weir::Setup& setup, const Conf& conf);

// Loads one; complains and gives null when it is not good. `context` is asked whether it would do.
std::shared_ptr<const Certificate> load_certificate(weir::Setup& setup, const std::string& key,
                                                    const CertificateFiles& files,
                                                    SSL_CTX* context);

// Loads one that has changed. Throws BadFile also where `context` would not do with it. [P]
std::shared_ptr<const Certificate> renewed_certificate(std::vector<Told>& told,
                                                       const CertificateFiles& files,
                                                       SSL_CTX* context);

class CertificateList {
 public:
  // Complains of each that is not good. Up to `carefully` of them are decoded and tried at once;
  // with more, keys wait for their first use. `context` lasts longer than the list.
  CertificateList(weir::Setup& setup, const Conf& conf, SSL_CTX* context);

  // Null when a complaint was made.
  std::shared_ptr<const Directory> directory() const { return directory_; }

  // Looks at up to `at_once` of them, all in turn. The new directory, or null when nothing has
  // changed.                                                                                  [P]
  std::shared_ptr<const Directory> renew(std::vector<Told>& told);

 private:
  static constexpr size_t carefully = 256;
  static constexpr size_t at_once = 2000;

  SSL_CTX* context_;
  std::vector<CertificateFiles> files_;
  std::vector<WatchedFiles> watched_;
  std::vector<Directory::Held> certificates_;
  std::shared_ptr<const Directory> directory_;
  bool stale_ = false;  // a certificate is not in the directory yet
  size_t next_ = 0;
};
