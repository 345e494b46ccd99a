// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include <weir/link.hpp>
#include <weir/module.h>
#include <weir/types.hpp>

#include "certificate.hpp"
#include "certificate_list.hpp"
#include "client_policy.hpp"
#include "conf.hpp"
#include "connection.hpp"
#include "directory.hpp"
#include "host_name.hpp"
#include "key_log.hpp"
#include "openssl.hpp"
#include "published.hpp"
#include "sessions.hpp"
#include "settings.hpp"
#include "side.hpp"
#include "tickets.hpp"

#include <cstddef>
#include <ctime>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/prov_ssl.h>
#include <openssl/ssl.h>
#include <openssl/tls1.h>
#include <openssl/types.h>
#include <openssl/x509.h>

namespace {

constexpr int done = 1;
constexpr int failed = 0;

class ServerConnection final : public Connection {
 public:
  ServerConnection(SslPtr ssl, const Server& server, Published<Directory>::Held directory,
                   Published<ClientTrust>::Held trust)
      : Connection(std::move(ssl)),
        server_(server),
        directory_(std::move(directory)),
        trust_(std::move(trust)) {}

  static ServerConnection& of(const SSL* ssl) {
    return static_cast<ServerConnection&>(Connection::of(ssl));
  }

  const Server& server() const { return server_; }

  // Before anything else of the ClientHello is looked at: tickets among it depend on this.
  bool begin(std::string name) {
    name_ = std::move(name);
    asked_ = server_.clients().asks(name_);
    return server_.clients().apply(ssl(), asked_, trust_.get());
  }

  bool choose_certificates() const {
    SSL_certs_clear(ssl());  // a first ClientHello may have had another name
    bool any = false;
    for (const auto* certificate : directory_->find(name_)) any |= certificate->use(ssl());
    // What OpenSSL has against another of them is no fault of this connection.
    if (any) ERR_clear_error();
    return any;
  }

  // A host that is asked for certificates is served where they were asked for, and only there.
  bool serves(std::string_view host) const override {
    if (host.ends_with('.')) host.remove_suffix(1);
    if (server_.clients().asks(host) != asked_) return false;
    return name_.empty() || name_ == host || directory_->share(name_, host);
  }

  std::string who(weir::Link link) const override { return "client " + address_text(link.peer()); }

  std::string_view ocsp() const {
    const X509* const shown = SSL_get_certificate(ssl());
    for (const auto* certificate : directory_->find(name_)) {
      if (certificate->x509() == shown) return certificate->ocsp(std::time(nullptr));
    }
    return {};
  }

 private:
  const Server& server_;
  Published<Directory>::Held directory_;
  Published<ClientTrust>::Held trust_;
  bool asked_ = false;
};

// ---- What OpenSSL asks --------------------------------------------------------------------------

std::string_view text_of(const unsigned char* bytes, size_t n) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  return {reinterpret_cast<const char*>(bytes), n};
}

int on_hello(SSL* ssl, int* alert, void*) {
  const unsigned char* extension = nullptr;
  size_t n = 0;
  std::string name;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &extension, &n) == 1) {
    auto asked = server_name_of(text_of(extension, n));
    if (!asked) {
      *alert = SSL_AD_DECODE_ERROR;
      return SSL_CLIENT_HELLO_ERROR;
    }
    name = *std::move(asked);
  }
  if (ServerConnection::of(ssl).begin(std::move(name))) return SSL_CLIENT_HELLO_SUCCESS;
  *alert = SSL_AD_INTERNAL_ERROR;
  return SSL_CLIENT_HELLO_ERROR;
}

int on_certificate(SSL* ssl, void*) {
  return ServerConnection::of(ssl).choose_certificates() ? done : failed;
}

// The name was dealt with in on_hello; this makes OpenSSL confirm it to the client.
int on_name(SSL* ssl, int*, void*) {
  return ServerConnection::of(ssl).name().empty() ? SSL_TLSEXT_ERR_NOACK : SSL_TLSEXT_ERR_OK;
}

// NOLINTNEXTLINE(readability-function-size): the shape is the library's
int on_protocols(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_n,
                 const unsigned char* offered, unsigned int n, void*) {
  const auto ours = ServerConnection::of(ssl).stream().link()->protocols();
  if (ours.empty()) return SSL_TLSEXT_ERR_NOACK;
  for (const auto& best : ours) {
    for (unsigned int at = 0; at < n; at += 1U + offered[at]) {
      const unsigned char* const name = offered + at + 1;
      if (text_of(name, offered[at]) != weir::view(best)) continue;
      *chosen = name;
      *chosen_n = offered[at];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301, 3.2
}

int on_status(SSL* ssl, void*) {
  const auto response = ServerConnection::of(ssl).ocsp();
  if (response.empty()) return SSL_TLSEXT_ERR_NOACK;
  auto* const copy = OPENSSL_memdup(response.data(), response.size());
  if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<int>(response.size()));
  return SSL_TLSEXT_ERR_OK;
}

// NOLINTNEXTLINE(readability-function-size): the shape is the library's
int on_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                  EVP_MAC_CTX* mac, int seals) {
  const TicketKeys& keys = ServerConnection::of(ssl).server().ticket_keys();
  return seals != 0 ? keys.seal(name, iv, cipher, mac) : keys.open(name, iv, cipher, mac);
}

// A ticket is bound to the name that it was given for, beside the session's context.
int on_ticket_made(SSL* ssl, void*) {
  const std::string& name = ServerConnection::of(ssl).name();
  return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), name.data(), name.size());
}

bool ticket_fits(SSL* ssl, SSL_SESSION* session) {
  void* name = nullptr;
  size_t n = 0;
  if (SSL_SESSION_get0_ticket_appdata(session, &name, &n) != 1) return false;
  const std::string_view bound{static_cast<const char*>(name), n};
  if (bound != ServerConnection::of(ssl).name()) return false;
  // Who was let in by a certificate is not let in after its end.
  const X509* const peer = SSL_SESSION_get0_peer(session);
  return peer == nullptr || X509_cmp_current_time(X509_get0_notAfter(peer)) > 0;
}

// NOLINTNEXTLINE(readability-function-size): the shape is the library's
SSL_TICKET_RETURN on_ticket_read(SSL* ssl, SSL_SESSION* session, const unsigned char*, size_t,
                                 SSL_TICKET_STATUS status, void*) {
  const bool opened = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;
  if (!opened || !ticket_fits(ssl, session)) return SSL_TICKET_RETURN_IGNORE_RENEW;
  // Clients of TLS 1.3 use a ticket once.
  const bool renew = status == SSL_TICKET_SUCCESS_RENEW || SSL_version(ssl) == TLS1_3_VERSION;
  return renew ? SSL_TICKET_RETURN_USE_RENEW : SSL_TICKET_RETURN_USE;
}

}  // namespace

// ---- The listener's side ------------------------------------------------------------------------

Server::Server(weir::Setup& setup, const Conf& conf)
    : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free),
      key_log_path_(conf.key_log.view()),
      clients_(setup, conf),
      client_files_({clients_.files().authorities, clients_.files().revocations}),
      ticket_path_(conf.ticket_keys.view()),
      ticket_file_({ticket_path_}),
      directory_(nullptr),
      client_trust_(nullptr) {
  if (!context_) throw BadFile{"OpenSSL: " + openssl_reason()};
  if (const auto fault = apply_settings(context_.get(), conf); !fault.key.empty()) {
    setup.error(fault.key.c_str(), fault.text, fault.hint);
  }
  if (conf.certificate.empty()) {
    setup.error("certificate", "a listener cannot do without one",
                R"(certificate = "cert.pem", key = "key.pem")");
    return;
  }
  certificates_ = std::make_unique<CertificateList>(setup, conf, context_.get());
  directory_.set(certificates_->directory());
  set_clients(setup);
  set_tickets(setup, conf);
  set_callbacks();
}

void Server::set_clients(weir::Setup& setup) {
  if (!clients_.asks_any() || setup.refused()) return;
  try {
    client_trust_.set(clients_.read());
  } catch (const BadFile& fault) {
    const bool revocations =
        std::string_view{fault.what()}.starts_with(clients_.files().revocations + ":");
    setup.error(revocations ? "client_crl" : "client_ca", fault.what());
  }
}

void Server::set_tickets(weir::Setup& setup, const Conf& conf) {
  try {
    tickets_ = ticket_path_.empty() ? std::make_shared<TicketKeys>(TicketKeys::Clock::now())
                                    : std::make_shared<TicketKeys>(TicketRing::read(ticket_path_));
  } catch (const BadFile& fault) {
    setup.error("ticket_keys", fault.what(), "openssl rand 80 makes a key");
  }
  SSL_CTX* const context = context_.get();
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, conf.tickets ? 1 : 0);
  if (!conf.tickets) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    if (!ticket_path_.empty()) setup.error("ticket_keys", "is of no use with tickets = false");
  }
  SSL_CTX_set_timeout(context, conf.ticket_lifetime.seconds().count());
}

void Server::set_callbacks() {
  SSL_CTX* const context = context_.get();
  SSL_CTX_set_client_hello_cb(context, on_hello, nullptr);
  SSL_CTX_set_tlsext_servername_callback(context, on_name);
  SSL_CTX_set_cert_cb(context, on_certificate, nullptr);
  SSL_CTX_set_alpn_select_cb(context, on_protocols, nullptr);
  SSL_CTX_set_tlsext_status_cb(context, on_status);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket_key);
  SSL_CTX_set_session_ticket_cb(context, on_ticket_made, on_ticket_read, nullptr);
}

bool Server::start() { return KeyLog::begin(context_.get(), key_log_path_, key_log_); }

void Server::adopt(const Side& former) {
  const auto* const server = dynamic_cast<const Server*>(&former);
  if (server != nullptr && ticket_path_.empty() && server->ticket_path_.empty()) {
    tickets_ = server->tickets_;
  }
}

std::unique_ptr<Connection> Server::open(weir::Link, Sessions&) const {
  SslPtr ssl{SSL_new(context_.get())};
  if (!ssl) return nullptr;
  SSL_set_accept_state(ssl.get());
  return std::make_unique<ServerConnection>(std::move(ssl), *this, directory_.get(),
                                            client_trust_.get());
}

std::vector<Told> Server::renew() {
  std::vector<Told> told;
  if (auto directory = certificates_->renew(told)) directory_.set(std::move(directory));
  tickets_->rotate(TicketKeys::Clock::now());
  const auto take_over = [&told](WatchedFiles& files, const auto& read) {
    if (!files.due()) return;
    try {
      told.push_back({weir::Level::notice, read() + ": taken over"});
      files.succeeded();
    } catch (const std::exception& fault) {
      if (!files.failed()) return;
      told.push_back(
          {weir::Level::error, std::string{fault.what()} + "; its former content stays in use"});
    }
  };
  if (!ticket_path_.empty()) {
    take_over(ticket_file_, [this] {
      tickets_->replace(TicketRing::read(ticket_path_));
      return ticket_path_;
    });
  }
  if (clients_.asks_any()) {
    take_over(client_files_, [this] {
      client_trust_.set(clients_.read());
      return clients_.files().authorities;
    });
  }
  return told;
}
