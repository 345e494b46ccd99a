// SPDX-License-Identifier: Apache-2.0
#include "client_policy.hpp"

#include <weir/types.hpp>

#include "conf.hpp"
#include "host_name.hpp"
#include "openssl.hpp"
#include "trust.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <openssl/evp.h>
#include <openssl/safestack.h>
#include <openssl/ssl.h>
#include <openssl/types.h>
#include <openssl/x509.h>

namespace {

// As in routes: "*.example.com" is any name with at least one label more.
bool is_below(std::string_view name, std::string_view pattern) {
  if (!pattern.starts_with("*.")) return false;
  pattern.remove_prefix(1);
  return name.size() > pattern.size() && name.ends_with(pattern);
}

std::string counted(const std::string& content) {
  return std::to_string(content.size()) + ":" + content;
}

using Context = std::array<unsigned char, 32>;

Context digest_of(std::string_view text) {
  Context digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

void refuse_without_ca(weir::Setup& setup, const Conf& conf) {
  const auto say = [&setup](const char* key) {
    setup.error(key, "has no meaning without client_ca",
                "client_ca = \"ca.pem\" names whom to believe");
  };
  if (!conf.client_crl.empty()) say("client_crl");
  if (!conf.client_hosts.empty()) say("client_hosts");
  if (conf.client_verify.index != 0) say("client_verify");
}

}  // namespace

Context open_context() { return digest_of("weir tls: no client certificate"); }

ClientPolicy::ClientPolicy(weir::Setup& setup, const Conf& conf)
    : verify_(conf.client_verify),
      depth_(static_cast<int>(conf.client_depth)),
      files_{std::string{conf.client_ca.view()}, std::string{conf.client_crl.view()}} {
  if (files_.authorities.empty()) {
    refuse_without_ca(setup, conf);
  } else if (verify_ == ClientVerify::off) {
    setup.error("client_ca", "is named, yet nobody is asked for a certificate",
                R"(client_verify = "require", or "optional")");
  }
  read_hosts(setup, conf);
}

void ClientPolicy::read_hosts(weir::Setup& setup, const Conf& conf) {
  for (const auto& host : conf.client_hosts) {
    if (auto name = host_name(host, true)) {
      hosts_.push_back(*std::move(name));
    } else {
      setup.error("client_hosts", "\"" + std::string{host.view()} + "\" is no host name",
                  R"(such as "admin.example.com" or "*.example.com")");
    }
  }
}

bool ClientPolicy::asks(std::string_view name) const {
  if (!asks_any()) return false;
  return hosts_.empty() || std::any_of(hosts_.begin(), hosts_.end(), [name](const auto& host) {
           return host == name || is_below(name, host);
         });
}

std::shared_ptr<const ClientTrust> ClientPolicy::read() const {
  auto trusted = std::make_shared<ClientTrust>();
  // With their lengths, so that no file is taken for the end of another.
  std::string content = counted(read_file(files_.authorities));
  if (!files_.revocations.empty()) content += counted(read_file(files_.revocations));
  trusted->store = trust(files_);
  auto* const names = SSL_load_client_CA_file(files_.authorities.c_str());
  if (names == nullptr) throw BadFile{files_.authorities + ": " + openssl_reason()};
  trusted->authorities = {
      names, [](STACK_OF(X509_NAME) * held) { sk_X509_NAME_pop_free(held, X509_NAME_free); }};
  const auto rules = "verify " + std::to_string(static_cast<unsigned>(verify_)) + " depth " +
                     std::to_string(depth_) + "\n";
  trusted->context = digest_of(rules + content);
  return trusted;
}

bool ClientPolicy::apply(SSL* ssl, bool asks, const ClientTrust* trust) const {
  static const Context open = open_context();
  const Context& context = asks ? trust->context : open;
  constexpr unsigned size = std::tuple_size_v<Context>;
  if (SSL_set_session_id_context(ssl, context.data(), size) != 1) return false;
  if (!asks) {  // also after a first ClientHello that asked for another name
    SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
    return true;
  }
  const int missing = verify_ == ClientVerify::require ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_set_verify(ssl, SSL_VERIFY_PEER | missing, nullptr);
  SSL_set_verify_depth(ssl, depth_);
  auto* const names = SSL_dup_CA_list(trust->authorities.get());
  if (names == nullptr) return false;
  SSL_set_client_CA_list(ssl, names);
  return SSL_set1_verify_cert_store(ssl, trust->store.get()) == 1;
}
