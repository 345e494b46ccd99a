// SPDX-License-Identifier: Apache-2.0
#include "trust.hpp"

#include "file_stamp.hpp"
#include "openssl.hpp"

#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/safestack.h>
#include <openssl/types.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <unistd.h>

namespace {

using InfoPtr = std::unique_ptr<STACK_OF(X509_INFO), void (*)(STACK_OF(X509_INFO)*)>;

InfoPtr read_all(const std::string& path) {
  const std::string text = read_file(path);
  const BioPtr bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
  const auto release = [](STACK_OF(X509_INFO) * all) {
    sk_X509_INFO_pop_free(all, X509_INFO_free);
  };
  InfoPtr all{PEM_X509_INFO_read_bio(bio.get(), nullptr, nullptr, nullptr), release};
  ERR_clear_error();
  if (!all) throw BadFile{path + ": damaged, or no PEM form"};
  return all;
}

void add_authorities(X509_STORE* store, const std::string& path) {
  const auto all = read_all(path);
  int count = 0;
  for (int at = 0; at < sk_X509_INFO_num(all.get()); ++at) {
    X509* const authority = sk_X509_INFO_value(all.get(), at)->x509;
    if (authority != nullptr && X509_STORE_add_cert(store, authority) == 1) ++count;
  }
  ERR_clear_error();
  if (count == 0) throw BadFile{path + ": holds no certificate in PEM form"};
}

void add_revocations(X509_STORE* store, const std::string& path) {
  const auto all = read_all(path);
  int count = 0;
  for (int at = 0; at < sk_X509_INFO_num(all.get()); ++at) {
    X509_CRL* const list = sk_X509_INFO_value(all.get(), at)->crl;
    if (list != nullptr && X509_STORE_add_crl(store, list) == 1) ++count;
  }
  ERR_clear_error();
  if (count == 0) throw BadFile{path + ": holds no revocation list in PEM form"};
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
}

std::shared_ptr<X509_STORE> make(const TrustFiles& files) {
  std::shared_ptr<X509_STORE> store{X509_STORE_new(), X509_STORE_free};
  add_authorities(store.get(), files.authorities);
  if (!files.revocations.empty()) add_revocations(store.get(), files.revocations);
  return store;
}

}  // namespace

std::string system_authorities() {
  const char* const named = std::getenv(X509_get_default_cert_file_env());  // SSL_CERT_FILE
  if (named != nullptr && *named != '\0') return named;
  for (const char* const path :
       {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
        X509_get_default_cert_file()}) {
    if (access(path, R_OK) == 0) return path;
  }
  throw BadFile{"the system has no file of trusted authorities"};
}

std::shared_ptr<X509_STORE> trust(const TrustFiles& files) {
  using Key = std::tuple<std::string, FileStamp, std::string, FileStamp>;
  static std::mutex lock;
  static std::map<Key, std::weak_ptr<X509_STORE>> shared;
  TrustFiles named = files;
  if (named.authorities.empty()) named.authorities = system_authorities();
  const Key key{named.authorities, FileStamp::of(named.authorities), named.revocations,
                FileStamp::of(named.revocations)};
  const std::lock_guard guard{lock};
  std::erase_if(shared, [](const auto& each) { return each.second.expired(); });
  auto store = shared[key].lock();
  if (!store) shared[key] = store = make(named);
  return store;
}
