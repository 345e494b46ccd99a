// SPDX-License-Identifier: Apache-2.0
#include "certificate_list.hpp"

#include <weir/types.hpp>

#include "certificate.hpp"
#include "conf.hpp"
#include "directory.hpp"
#include "files.hpp"
#include "openssl.hpp"
#include "side.hpp"

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include <openssl/ssl.h>
#include <openssl/types.h>

namespace {

WatchedFiles watched(const CertificateFiles& files) {
  return WatchedFiles{{files.certificate, files.key, files.ocsp}};
}

// Whether OpenSSL would show it at all: it looks at lengths of keys and at what signed them.
bool tried(SSL_CTX* context, const Certificate& certificate) {
  const SslPtr ssl{SSL_new(context)};
  return ssl && certificate.use(ssl.get());
}

// Throws BadFile where OpenSSL would not show it.
std::shared_ptr<const Certificate> tried_certificate(const CertificateFiles& files,
                                                     SSL_CTX* context) {
  auto certificate = std::make_shared<const Certificate>(files, KeyLoad::full);
  if (!tried(context, *certificate)) throw BadFile{files.certificate + ": " + openssl_reason()};
  return certificate;
}

std::string expiry_told(const CertificateFiles& files) {
  return files.certificate + ": has expired";
}

}  // namespace

std::string item_key(const char* key, size_t at, size_t count) {
  return count > 1 ? std::string{key} + "[" + std::to_string(at) + "]" : key;
}

std::vector<CertificateFiles> certificate_files(weir::Setup& setup, const Conf& conf) {
  const size_t count = conf.certificate.size();
  std::vector<CertificateFiles> files;
  if (conf.key.size() > count) {
    setup.error("key", "there are more keys than certificates", "name them in the same order");
  } else if (!conf.key.empty() && conf.key.size() < count) {
    setup.error("key",
                "there are " + std::to_string(count) + " certificates and " +
                    std::to_string(conf.key.size()) + " keys",
                "name a key for each, or none: then they stand in the certificates' files");
  } else if (conf.ocsp.size() > count) {
    setup.error("ocsp", "there are more responses than certificates",
                "name them in the same order");
  } else {
    for (size_t at = 0; at < count; ++at) {
      const std::string certificate{conf.certificate[at].view()};
      files.push_back({certificate,
                       conf.key.empty() ? certificate : std::string{conf.key[at].view()},
                       at < conf.ocsp.size() ? std::string{conf.ocsp[at].view()} : std::string{}});
    }
  }
  return files;
}

std::shared_ptr<const Certificate> load_certificate(weir::Setup& setup, const std::string& key,
                                                    const CertificateFiles& files,
                                                    SSL_CTX* context) {
  try {
    auto certificate = context != nullptr
                           ? tried_certificate(files, context)
                           : std::make_shared<const Certificate>(files, KeyLoad::quick);
    if (certificate->expired(std::time(nullptr))) setup.warn(key.c_str(), expiry_told(files));
    return certificate;
  } catch (const BadFile& fault) {
    setup.error(key.c_str(), fault.what());
    return nullptr;
  }
}

std::shared_ptr<const Certificate> renewed_certificate(std::vector<Told>& told,
                                                       const CertificateFiles& files,
                                                       SSL_CTX* context) {
  auto certificate = tried_certificate(files, context);
  if (certificate->expired(std::time(nullptr))) {
    told.push_back({weir::Level::warn, expiry_told(files)});
  }
  return certificate;
}

CertificateList::CertificateList(weir::Setup& setup, const Conf& conf, SSL_CTX* context)
    : context_(context), files_(certificate_files(setup, conf)) {
  const bool careful = files_.size() <= carefully;
  for (size_t at = 0; at < files_.size(); ++at) {
    watched_.push_back(watched(files_[at]));
    certificates_.push_back(load_certificate(setup, item_key("certificate", at, files_.size()),
                                             files_[at], careful ? context : nullptr));
  }
  if (!setup.refused()) directory_ = std::make_shared<const Directory>(certificates_);
}

std::shared_ptr<const Directory> CertificateList::renew(std::vector<Told>& told) {
  for (size_t looked = std::min(at_once, files_.size()); looked > 0; --looked) {
    const size_t at = next_;
    next_ = (next_ + 1) % files_.size();
    if (!watched_[at].due()) continue;
    try {
      certificates_[at] = renewed_certificate(told, files_[at], context_);
      watched_[at].succeeded();
      stale_ = true;
      told.push_back({weir::Level::notice, files_[at].certificate + ": taken over"});
    } catch (const std::exception& fault) {
      if (!watched_[at].failed()) continue;
      told.push_back({weir::Level::error,
                      std::string{fault.what()} + "; the former certificate stays in use"});
    }
  }
  if (!stale_) return nullptr;
  directory_ = std::make_shared<const Directory>(certificates_);
  stale_ = false;
  return directory_;
}
