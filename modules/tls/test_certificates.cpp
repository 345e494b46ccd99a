// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE tls_certificates
#include "certificate.hpp"
#include "directory.hpp"
#include "files.hpp"
#include "openssl.hpp"
#include "test_pki.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <openssl/ssl.h>

namespace {

struct Made {
  explicit Made(const Folder& folder, const std::string& names, const char* kind = "EC")
      : made(names, kind) {
    static int number = 0;
    const auto name = std::to_string(++number);
    files = {folder.write(name + ".pem", made.certificate_pem()),
             folder.write(name + ".key", made.key_pem()),
             {}};
  }
  std::shared_ptr<const Certificate> load(KeyLoad how = KeyLoad::full) const {
    return std::make_shared<const Certificate>(files, how);
  }
  TestCertificate made;
  CertificateFiles files;
};

std::string fault_of(const CertificateFiles& files, KeyLoad how = KeyLoad::full) {
  try {
    const Certificate certificate{files, how};
  } catch (const BadFile& fault) {
    return fault.what();
  }
  return "none";
}

bool has(const std::string& text, const char* part) { return text.find(part) != text.npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(certificates)

BOOST_AUTO_TEST_CASE(name_hosts_by_their_alternative_names) {
  const Folder folder;
  const auto loaded = Made{folder, "DNS:A.test,DNS:*.b.test,IP:10.0.0.1"}.load();
  BOOST_TEST(loaded->names() == (std::vector<std::string>{"a.test", "*.b.test"}));
  BOOST_TEST(loaded->covers("x.b.test"));
  BOOST_TEST(!loaded->covers("b.test"));
}

BOOST_AUTO_TEST_CASE(are_refused_with_what_is_wrong) {
  const Folder folder;
  const Made one{folder, "DNS:a.test"};
  const Made other{folder, "DNS:a.test"};
  BOOST_TEST(has(fault_of({"/nowhere.pem", one.files.key, {}}), "/nowhere.pem: No such file"));
  BOOST_TEST(has(fault_of({one.files.key, one.files.key, {}}), "holds no certificate"));
  BOOST_TEST(has(fault_of({one.files.certificate, one.files.certificate, {}}), "no private key"));
  BOOST_TEST(has(fault_of({one.files.certificate, other.files.key, {}}), "is not the key of"));
  BOOST_TEST(has(fault_of({one.files.certificate, folder.write("empty", ""), {}}), "no private"));
  const auto pem = one.made.certificate_pem();
  const auto cut = folder.write("cut.pem", pem + pem.substr(0, pem.size() / 2));
  BOOST_TEST(has(fault_of({cut, one.files.key, {}}), "chain is damaged"));
  BOOST_TEST(has(fault_of({one.files.certificate, one.files.key, one.files.key}), "OCSP"));
}

BOOST_AUTO_TEST_CASE(with_a_nul_in_a_name_are_refused) {
  const Folder folder;
  TestCertificate made{""};
  GENERAL_NAMES* const names = sk_GENERAL_NAME_new_null();
  GENERAL_NAME* const name = GENERAL_NAME_new();
  ASN1_IA5STRING* const text = ASN1_IA5STRING_new();
  ASN1_STRING_set(text, "a.test\0.evil.test", 17);
  GENERAL_NAME_set0_value(name, GEN_DNS, text);
  sk_GENERAL_NAME_push(names, name);
  X509_add1_ext_i2d(made.x509.get(), NID_subject_alt_name, names, 0, 0);
  GENERAL_NAMES_free(names);
  X509_sign(made.x509.get(), made.key.get(), EVP_sha256());
  const auto pem = folder.write("nul.pem", made.certificate_pem());
  BOOST_TEST(has(fault_of({pem, folder.write("nul.key", made.key_pem()), {}}), "no host name"));
}

BOOST_AUTO_TEST_CASE(loaded_quickly_still_notice_a_wrong_key) {
  const Folder folder;
  for (const auto* kind : {"EC", "RSA"}) {
    const Made one{folder, "DNS:a.test", kind};
    const Made other{folder, "DNS:a.test", kind};
    BOOST_TEST(fault_of(one.files, KeyLoad::quick) == "none");
    BOOST_TEST(has(fault_of({one.files.certificate, other.files.key, {}}, KeyLoad::quick),
                   "is not the key of"));
    const SslContextPtr context{SSL_CTX_new(TLS_server_method())};
    const SslPtr ssl{SSL_new(context.get())};
    BOOST_TEST(one.load(KeyLoad::quick)->use(ssl.get()));
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(directories)

BOOST_AUTO_TEST_CASE(prefer_the_exact_name_to_the_wildcard_to_the_first) {
  const Folder folder;
  const auto first = Made{folder, "DNS:first.test"}.load();
  const auto wild = Made{folder, "DNS:*.a.test"}.load();
  const auto exact = Made{folder, "DNS:one.a.test"}.load();
  const Directory all{{first, wild, exact}};
  BOOST_TEST(all.find("one.a.test").front() == exact.get());
  BOOST_TEST(all.find("two.a.test").front() == wild.get());
  BOOST_TEST(all.find("deep.two.a.test").front() == first.get());
  BOOST_TEST(all.find("").front() == first.get());
}

BOOST_AUTO_TEST_CASE(hold_both_kinds_of_key_side_by_side) {
  const Folder folder;
  const auto ecdsa = Made{folder, "DNS:a.test"}.load();
  const auto rsa = Made{folder, "DNS:a.test", "RSA"}.load();
  const auto later = Made{folder, "DNS:a.test"}.load();
  const Directory all{{ecdsa, rsa, later}};
  BOOST_TEST(all.find("a.test") == (Directory::Choice{ecdsa.get(), rsa.get()}));
  BOOST_TEST(all.find("else.test") == all.find("a.test"));
}

BOOST_AUTO_TEST_CASE(share_a_connection_where_the_certificate_covers_both) {
  const Folder folder;
  const auto both = Made{folder, "DNS:a.test,DNS:b.test,DNS:*.c.test"}.load();
  const auto other = Made{folder, "DNS:d.test"}.load();
  const Directory all{{both, other}};
  BOOST_TEST(all.share("a.test", "b.test"));
  BOOST_TEST(all.share("a.test", "x.c.test"));
  BOOST_TEST(!all.share("a.test", "d.test"));
  BOOST_TEST(!all.share("d.test", "a.test"));
  BOOST_TEST(all.share("a.test", "unknown.test"));  // whose certificate is the first
  BOOST_TEST(!all.share("d.test", "unknown.test"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(watched_files)

BOOST_AUTO_TEST_CASE(are_due_once_for_each_change) {
  const Folder folder;
  const auto path = folder.write("a", "1");
  WatchedFiles files{{path, ""}};
  BOOST_TEST(!files.due());
  folder.write("a", "22");
  BOOST_TEST(files.due());
  files.succeeded();
  BOOST_TEST(!files.due());
}

BOOST_AUTO_TEST_CASE(that_do_not_fit_are_tried_at_each_look_and_told_of_once) {
  const Folder folder;
  WatchedFiles files{{folder.write("a", "1")}};
  folder.write("a", "22");
  BOOST_TEST(files.due());
  BOOST_TEST(!files.failed());
  BOOST_TEST(files.due());
  BOOST_TEST(files.failed());
  BOOST_TEST(files.due());
  BOOST_TEST(!files.failed());
  BOOST_TEST(files.due());
  files.succeeded();
  BOOST_TEST(!files.due());
}

BOOST_AUTO_TEST_CASE(whose_mode_alone_changes_are_due) {
  const Folder folder;
  const auto path = folder.write("a", "1");
  WatchedFiles files{{path}};
  // The file system's clock may stand still for some milliseconds.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  bool due = false;
  while (!due && std::chrono::steady_clock::now() < end) {
    std::filesystem::permissions(path, std::filesystem::perms{0644});
    due = files.due();
  }
  BOOST_TEST(due);
}

BOOST_AUTO_TEST_SUITE_END()
