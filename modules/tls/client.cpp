// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <weir/link.hpp>
#include <weir/module.h>
#include <weir/types.hpp>

#include "certificate.hpp"
#include "certificate_list.hpp"
#include "conf.hpp"
#include "connection.hpp"
#include "host_name.hpp"
#include "key_log.hpp"
#include "openssl.hpp"
#include "published.hpp"
#include "sessions.hpp"
#include "settings.hpp"
#include "side.hpp"
#include "trust.hpp"

#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/asn1.h>
#include <openssl/ssl.h>
#include <openssl/tls1.h>
#include <openssl/types.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

namespace {

bool is_address(const std::string& name) {
  const std::unique_ptr<ASN1_OCTET_STRING, Released<ASN1_OCTET_STRING_free>> address{
      a2i_IPADDRESS(name.c_str())};
  return address != nullptr;
}

class ClientConnection final : public Connection {
 public:
  ClientConnection(SslPtr ssl, Sessions& sessions, Published<Credentials>::Held credentials)
      : Connection(std::move(ssl)), sessions_(sessions), credentials_(std::move(credentials)) {}

  static ClientConnection& of(const SSL* ssl) {
    return static_cast<ClientConnection&>(Connection::of(ssl));
  }

  // False: out of memory, or a name that nothing can be proven for.
  bool begin(weir::Link link, std::string name) {
    name_ = std::move(name);
    endpoint_ = name_ + " " + address_text(link.peer()) + " " + std::to_string(link.peer().port);
    const bool set = set_checks() && set_protocols(link.protocols());
    if (!set) return false;
    if (credentials_->certificate && !credentials_->certificate->use(ssl())) return false;
    SSL_SESSION* const session = sessions_.find(endpoint_, credentials_);
    if (session != nullptr) SSL_set_session(ssl(), session);
    return true;
  }

  void keep(SessionPtr session) { sessions_.put(endpoint_, credentials_, std::move(session)); }

  std::string who(weir::Link link) const override {
    return "endpoint " + name_ + " (" + address_text(link.peer()) + ")";
  }

 private:
  bool set_checks() {
    const bool address = is_address(name_);
    if (!address && !name_.empty() && SSL_set_tlsext_host_name(ssl(), name_.c_str()) != 1) {
      return false;
    }
    if (!credentials_->store) {
      SSL_set_verify(ssl(), SSL_VERIFY_NONE, nullptr);
      return true;
    }
    if (name_.empty()) throw NoName{};
    SSL_set_verify(ssl(), SSL_VERIFY_PEER, nullptr);
    X509_VERIFY_PARAM* const param = SSL_get0_param(ssl());
    X509_VERIFY_PARAM_set_hostflags(
        param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    const int named = address ? X509_VERIFY_PARAM_set1_ip_asc(param, name_.c_str())
                              : X509_VERIFY_PARAM_set1_host(param, name_.data(), name_.size());
    return named == 1 && SSL_set1_verify_cert_store(ssl(), credentials_->store.get()) == 1;
  }

  bool set_protocols(std::span<const weir_str> protocols) {
    std::vector<unsigned char> wire;
    for (const auto& protocol : protocols) {
      const auto name = weir::view(protocol);
      wire.push_back(static_cast<unsigned char>(name.size()));
      wire.insert(wire.end(), name.begin(), name.end());
    }
    if (wire.empty()) return true;
    return SSL_set_alpn_protos(ssl(), wire.data(), static_cast<unsigned>(wire.size())) == 0;
  }

  Sessions& sessions_;
  Published<Credentials>::Held credentials_;
  std::string endpoint_;  // whose sessions may be resumed
};

int on_session(SSL* ssl, SSL_SESSION* session) {
  if (SSL_SESSION_is_resumable(session) != 1) return 0;
  ClientConnection::of(ssl).keep(SessionPtr{session});
  return 1;  // it is ours now
}

}  // namespace

Client::Client(weir::Setup& setup, const Conf& conf)
    : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
      key_log_path_(conf.key_log.view()),
      verify_(conf.verify),
      trust_files_{std::string{conf.ca.view()}, {}},
      credentials_(nullptr) {
  if (!context_) throw BadFile{"OpenSSL: " + openssl_reason()};
  if (const auto fault = apply_settings(context_.get(), conf); !fault.key.empty()) {
    setup.error(fault.key.c_str(), fault.text, fault.hint);
  }
  SSL_CTX_set_session_cache_mode(context_.get(),
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context_.get(), on_session);
  if (!conf.server_name.empty()) {
    const std::string given{conf.server_name.view()};
    const auto name = is_address(given) ? given : host_name(given);
    if (!name) setup.error("server_name", "is no host name and no address");
    server_name_ = name.value_or("");
  }
  read_first(setup, conf);
}

void Client::read_first(weir::Setup& setup, const Conf& conf) {
  if (!verify_) {
    setup.warn("verify", "anybody on the way to the endpoints can pretend to be them",
               "ca = \"ca.pem\" names whom to believe");
    if (!conf.ca.empty()) setup.error("ca", "is of no use with verify = false");
  }
  if (conf.certificate.size() > 1) {
    setup.error("certificate", "an upstream shows one certificate, not several");
  }
  if (const auto files = certificate_files(setup, conf); !files.empty()) {
    certificate_files_ = files.front();
  }
  auto credentials = std::make_shared<Credentials>();
  try {
    if (verify_ && conf.ca.empty()) trust_files_.authorities = system_authorities();
    watched_ = WatchedFiles{
        {trust_files_.authorities, certificate_files_.certificate, certificate_files_.key}};
    if (verify_) credentials->store = trust(trust_files_);
  } catch (const BadFile& fault) {
    setup.error(conf.ca.empty() ? nullptr : "ca", fault.what(),
                "install ca-certificates, or name whom to believe: ca = \"ca.pem\"");
  }
  if (!certificate_files_.certificate.empty()) {
    credentials->certificate =
        load_certificate(setup, "certificate", certificate_files_, context_.get());
  }
  credentials_.set(std::move(credentials));
}

bool Client::start() { return KeyLog::begin(context_.get(), key_log_path_, key_log_); }

std::unique_ptr<Connection> Client::open(weir::Link link, Sessions& sessions) const {
  SslPtr ssl{SSL_new(context_.get())};
  if (!ssl) return nullptr;
  SSL_set_connect_state(ssl.get());
  auto made = std::make_unique<ClientConnection>(std::move(ssl), sessions, credentials_.get());
  std::string name = server_name_.empty() ? std::string{link.server_name()} : server_name_;
  if (!made->begin(link, std::move(name))) return nullptr;
  return made;
}

std::vector<Told> Client::renew() {
  if (!watched_.due()) return {};
  std::vector<Told> told;
  try {
    auto credentials = std::make_shared<Credentials>();
    if (verify_) credentials->store = trust(trust_files_);
    if (!certificate_files_.certificate.empty()) {
      credentials->certificate = renewed_certificate(told, certificate_files_, context_.get());
    }
    credentials_.set(std::move(credentials));
    watched_.succeeded();
    told.push_back({weir::Level::notice, "changed files of certificates: taken over"});
  } catch (const std::exception& fault) {
    if (!watched_.failed()) return {};
    return {{weir::Level::error, std::string{fault.what()} + "; what it held stays in use"}};
  }
  return told;
}
