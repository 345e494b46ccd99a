// SPDX-License-Identifier: Apache-2.0
#include "certificate.hpp"

#include <weir/types.hpp>

#include "host_name.hpp"
#include "openssl.hpp"

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/pemerr.h>
#include <openssl/ssl.h>
#include <openssl/types.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): timegm

namespace {

// Wiped when it ends: it held a private key.
struct KeyText {
  explicit KeyText(std::string read) : text(std::move(read)) {}
  KeyText(const KeyText&) = delete;
  KeyText& operator=(const KeyText&) = delete;
  ~KeyText() { OPENSSL_cleanse(text.data(), text.size()); }
  std::string text;
};

BioPtr memory(std::string_view text) {
  return BioPtr{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

int no_passphrase(char*, int, int, void*) { return -1; }

std::string_view bytes_of(const ASN1_STRING* text) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

time_t time_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

// The part of a public key that also stands in every private key: an RSA modulus, or a point.
std::string_view telling_part(const X509* certificate, int key_type) {
  const std::string_view key = bytes_of(X509_get0_pubkey_bitstr(certificate));
  if (key_type == EVP_PKEY_EC) return key;
  // SEQUENCE { modulus, exponent }: 256 bytes from within the modulus, which is the longer part.
  constexpr size_t head = 16;
  constexpr size_t tail = 16;
  if (key_type != EVP_PKEY_RSA || key.size() < 256) return {};
  return key.substr(head, key.size() - head - tail);
}

// The bytes of the first private key; empty when there is none or it is encrypted.
std::string der_of_key(std::string_view text) {
  const auto bio = memory(text);
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  std::string der;
  while (der.empty() && PEM_read_bio(bio.get(), &name, &header, &data, &size) == 1) {
    const std::string_view kind{name};
    if (kind.ends_with("PRIVATE KEY") && !kind.starts_with("ENCRYPTED") && *header == '\0') {
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
      der.assign(reinterpret_cast<const char*>(data), static_cast<size_t>(size));
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<size_t>(size));
  }
  ERR_clear_error();
  return der;
}

}  // namespace

KeyPtr decode_key(std::string_view text, const std::string& path) {
  const auto bio = memory(text);
  KeyPtr key{PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr)};
  ERR_clear_error();
  if (key) return key;
  if (text.find("ENCRYPTED") != std::string_view::npos) {
    throw BadFile{path + ": the key is encrypted; nobody is here to give the passphrase"};
  }
  throw BadFile{path + ": holds no private key in PEM form"};
}

Certificate::Certificate(CertificateFiles files, KeyLoad load) : files_(std::move(files)) {
  read_certificates();
  read_names();
  read_key(load);
  if (!files_.ocsp.empty()) read_ocsp();
}

void Certificate::read_certificates() {
  const std::string text = read_file(files_.certificate);
  const auto bio = memory(text);
  certificate_.reset(PEM_read_bio_X509_AUX(bio.get(), nullptr, no_passphrase, nullptr));
  if (!certificate_) {
    ERR_clear_error();
    throw BadFile{files_.certificate + ": holds no certificate in PEM form"};
  }
  chain_.reset(sk_X509_new_null());
  while (X509* const next = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    sk_X509_push(chain_.get(), next);
  }
  const unsigned long why = ERR_peek_last_error();
  ERR_clear_error();
  if (ERR_GET_LIB(why) != ERR_LIB_PEM || ERR_GET_REASON(why) != PEM_R_NO_START_LINE) {
    throw BadFile{files_.certificate + ": a certificate of the chain is damaged"};
  }
  until_ = time_of(X509_get0_notAfter(certificate_.get()));
}

void Certificate::read_names() {
  auto* const all = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate_.get(), NID_subject_alt_name, nullptr, nullptr));
  const std::unique_ptr<GENERAL_NAMES, Released<GENERAL_NAMES_free>> held{all};
  for (int at = 0; at < sk_GENERAL_NAME_num(all); ++at) {
    const GENERAL_NAME* const entry = sk_GENERAL_NAME_value(all, at);
    if (entry->type != GEN_DNS) continue;
    auto name = host_name(bytes_of(entry->d.dNSName), true);
    if (!name) throw BadFile{files_.certificate + ": one of its names is no host name"};
    names_.push_back(*std::move(name));
  }
}

void Certificate::read_key(KeyLoad load) {
  EVP_PKEY* const own = X509_get0_pubkey(certificate_.get());
  if (own == nullptr) throw BadFile{files_.certificate + ": its key is of an unknown kind"};
  key_type_ = EVP_PKEY_get_base_id(own);
  const KeyText file{read_file(files_.key)};
  if (load == KeyLoad::quick) {
    const auto part = telling_part(certificate_.get(), key_type_);
    const KeyText der{der_of_key(file.text)};
    if (!part.empty() && der.text.find(part) != std::string::npos) return;
  }
  key_ = matching_key(file.text);
}

KeyPtr Certificate::matching_key(std::string_view text) const {
  auto key = decode_key(text, files_.key);
  if (EVP_PKEY_eq(X509_get0_pubkey(certificate_.get()), key.get()) != 1) {
    ERR_clear_error();
    throw BadFile{files_.key + ": is not the key of " + files_.certificate};
  }
  return key;
}

void Certificate::read_ocsp() {
  ocsp_ = read_file(files_.ocsp);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  const auto* at = reinterpret_cast<const unsigned char*>(ocsp_.data());
  using Response = std::unique_ptr<OCSP_RESPONSE, Released<OCSP_RESPONSE_free>>;
  using Basic = std::unique_ptr<OCSP_BASICRESP, Released<OCSP_BASICRESP_free>>;
  const Response response{d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(ocsp_.size()))};
  const Basic basic{response ? OCSP_response_get1_basic(response.get()) : nullptr};
  ERR_clear_error();
  if (!basic || OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    throw BadFile{files_.ocsp + ": is no successful OCSP response"};
  }
  const ASN1_INTEGER* const own = X509_get0_serialNumber(certificate_.get());
  for (int index = 0; index < OCSP_resp_count(basic.get()); ++index) {
    OCSP_SINGLERESP* const single = OCSP_resp_get0(basic.get(), index);
    ASN1_INTEGER* serial = nullptr;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): it only looks
    auto* const id = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single));
    OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial, id);
    if (ASN1_INTEGER_cmp(serial, own) != 0) continue;
    ASN1_GENERALIZEDTIME* next = nullptr;
    OCSP_single_get0_status(single, nullptr, nullptr, nullptr, &next);
    constexpr time_t day = 24L * 60 * 60;
    ocsp_until_ = next != nullptr ? time_of(next) : std::time(nullptr) + day;
    return;
  }
  throw BadFile{files_.ocsp + ": speaks of another certificate than " + files_.certificate};
}

bool Certificate::covers(std::string_view host) const {
  return std::any_of(names_.begin(), names_.end(),
                     [host](const auto& name) { return ::covers(name, host); });
}

// Null where it cannot be had at this use, such as while its file is being replaced.
EVP_PKEY* Certificate::key() const {
  const std::lock_guard guard{decoding_};
  if (key_) return key_.get();
  try {
    const KeyText file{read_file(files_.key)};
    key_ = matching_key(file.text);
  } catch (const BadFile& fault) {
    if (told_ != fault.what()) weir::log(nullptr, weir::Level::error, fault.what());
    told_ = fault.what();
  }
  return key_.get();
}

bool Certificate::use(SSL* ssl) const {
  EVP_PKEY* const held = key();
  return held != nullptr &&
         SSL_use_cert_and_key(ssl, certificate_.get(), held, chain_.get(), 1) == 1;
}

bool Certificate::use(SSL_CTX* context) const {
  EVP_PKEY* const held = key();
  return held != nullptr &&
         SSL_CTX_use_cert_and_key(context, certificate_.get(), held, chain_.get(), 1) == 1;
}
