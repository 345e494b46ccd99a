// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"

#include <weir/module.h>
#include <weir/names.h>
#include <weir/types.hpp>

#include "openssl.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/ssl.h>
#include <openssl/types.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

namespace {

const weir::Attribute tls_version{"tls.version"};
const weir::Attribute tls_cipher{"tls.cipher"};
const weir::Attribute tls_server_name{"tls.server_name"};
const weir::Attribute tls_resumed{"tls.resumed"};
const weir::Attribute client_subject{"tls.client.subject"};
const weir::Attribute client_san{"tls.client.san"};
const weir::Attribute client_fingerprint{"tls.client.fingerprint"};
const weir::Attribute client_verified{"tls.client.verified"};

constexpr std::string_view hexadecimal = "0123456789abcdef";

void append_hexadecimal(std::string& to, unsigned char byte) {
  to.push_back(hexadecimal[byte >> 4U]);
  to.push_back(hexadecimal[byte & 15U]);
}

std::string subject_of(const X509* certificate) {
  const BioPtr text{BIO_new(BIO_s_mem())};
  X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long n = BIO_get_mem_data(text.get(), &data);
  return n > 0 ? std::string{data, static_cast<size_t>(n)} : std::string{};
}

// Names that hold what separates them could pretend to be two.
void append_name(std::string& to, std::string_view kind, const ASN1_STRING* value) {
  if (!to.empty()) to.push_back(',');
  to += kind;
  const unsigned char* const bytes = ASN1_STRING_get0_data(value);
  for (int at = 0; at < ASN1_STRING_length(value); ++at) {
    const unsigned char byte = bytes[at];
    if (byte > ' ' && byte < 0x7f && byte != ',' && byte != '%') {
      to.push_back(static_cast<char>(byte));
    } else {
      to.push_back('%');
      append_hexadecimal(to, byte);
    }
  }
}

void append_address(std::string& to, const ASN1_OCTET_STRING* value) {
  char text[INET6_ADDRSTRLEN] = "";
  const int family = ASN1_STRING_length(value) == 4 ? AF_INET : AF_INET6;
  const bool whole = family == AF_INET || ASN1_STRING_length(value) == 16;
  if (!whole) return;
  inet_ntop(family, ASN1_STRING_get0_data(value), text, sizeof text);
  if (!to.empty()) to.push_back(',');
  to += "IP:";
  to += text;
}

std::string names_of(const X509* certificate) {
  auto* const all = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  const std::unique_ptr<GENERAL_NAMES, Released<GENERAL_NAMES_free>> held{all};
  std::string text;
  for (int at = 0; at < sk_GENERAL_NAME_num(all); ++at) {
    const GENERAL_NAME* const entry = sk_GENERAL_NAME_value(all, at);
    if (entry->type == GEN_DNS) append_name(text, "DNS:", entry->d.dNSName);
    if (entry->type == GEN_URI) append_name(text, "URI:", entry->d.uniformResourceIdentifier);
    if (entry->type == GEN_EMAIL) append_name(text, "email:", entry->d.rfc822Name);
    if (entry->type == GEN_IPADD) append_address(text, entry->d.iPAddress);
  }
  return text;
}

std::string fingerprint_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int n = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &n);
  std::string text;
  for (size_t at = 0; at < n; ++at) append_hexadecimal(text, digest[at]);
  return text;
}

std::string_view answer(bool yes) { return yes ? "true" : "false"; }

std::string_view known(std::string_view text) { return text.empty() ? std::string_view{} : text; }

}  // namespace

Identity Identity::of(const X509* certificate) {
  return {subject_of(certificate), names_of(certificate), fingerprint_of(certificate)};
}

std::string_view Connection::protocol() const {
  const unsigned char* name = nullptr;
  unsigned int n = 0;
  SSL_get0_alpn_selected(ssl(), &name, &n);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  return {reinterpret_cast<const char*>(name), n};
}

const Identity* Connection::identity() {
  if (!looked_) {
    looked_ = true;
    const X509Ptr peer{SSL_get1_peer_certificate(ssl())};
    const bool proven = (SSL_get_verify_mode(ssl()) & SSL_VERIFY_PEER) != 0 &&
                        SSL_get_verify_result(ssl()) == X509_V_OK;
    if (peer && proven) identity_ = Identity::of(peer.get());
  }
  return identity_ ? &*identity_ : nullptr;
}

std::string address_text(const weir_address& address) {
  constexpr size_t mapped = 12;  // before the four bytes of IPv4
  char text[INET6_ADDRSTRLEN] = "";
  if (address.family == 4) inet_ntop(AF_INET, address.bytes + mapped, text, sizeof text);
  if (address.family == 6) inet_ntop(AF_INET6, address.bytes, text, sizeof text);
  return *text != '\0' ? text : "unix";
}

std::string_view attribute_of(Connection& connection, uint32_t id) {
  if (id == tls_version.id().value) return SSL_get_version(connection.ssl());
  if (id == tls_cipher.id().value) return SSL_get_cipher_name(connection.ssl());
  if (id == tls_server_name.id().value) return known(connection.name());
  if (id == tls_resumed.id().value) return answer(connection.resumed());
  if (id == WEIR_A_PROTOCOL) return connection.protocol();
  const bool asked = id == client_subject.id().value || id == client_san.id().value ||
                     id == client_fingerprint.id().value || id == client_verified.id().value;
  if (!asked || SSL_is_server(connection.ssl()) == 0) return {};
  const Identity* const identity = connection.identity();
  if (id == client_verified.id().value) return answer(identity != nullptr);
  if (identity == nullptr) return {};
  if (id == client_subject.id().value) return identity->subject;
  return id == client_san.id().value ? known(identity->names) : identity->fingerprint;
}
