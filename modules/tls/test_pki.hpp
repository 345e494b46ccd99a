// SPDX-License-Identifier: Apache-2.0
//
// For unit tests: certificates without a program, and a folder to put them into.
#pragma once

#include "openssl.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

struct Folder {
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir-tls-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string write(const std::string& name, const std::string& content) const {
    const auto file = path / name;
    std::ofstream{file, std::ios::binary} << content;
    std::filesystem::permissions(file, std::filesystem::perms{0600});
    return file.string();
  }

  std::filesystem::path path;
};

struct TestCertificate {
  // `names` as in subjectAltName: "DNS:a.test,DNS:b.test"; signed by itself.
  explicit TestCertificate(const std::string& names, const char* kind = "EC")
      : key(std::string{kind} == "EC" ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048)), x509(X509_new()) {
    X509_set_version(x509.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509.get()), 3600);
    X509_set_pubkey(x509.get(), key.get());
    if (!names.empty()) {
      X509_EXTENSION* const extension =
          X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
      X509_add_ext(x509.get(), extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(x509.get(), key.get(), EVP_sha256());
  }

  std::string certificate_pem() const {
    const BioPtr bio{BIO_new(BIO_s_mem())};
    PEM_write_bio_X509(bio.get(), x509.get());
    return text(bio.get());
  }
  std::string key_pem() const {
    const BioPtr bio{BIO_new(BIO_s_mem())};
    PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return text(bio.get());
  }

  KeyPtr key;
  X509Ptr x509;

 private:
  static std::string text(BIO* bio) {
    char* data = nullptr;
    const long n = BIO_get_mem_data(bio, &data);
    return {data, static_cast<size_t>(n)};
  }
};
