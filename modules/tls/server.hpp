// SPDX-License-Identifier: Apache-2.0
//
// TLS towards clients: one SSL_CTX for a listener; the certificate and whether to ask the client
// for one are settled for each connection by the name in its ClientHello.
#pragma once

#include <weir/link.hpp>
#include <weir/types.hpp>

#include "certificate_list.hpp"
#include "client_policy.hpp"
#include "conf.hpp"
#include "connection.hpp"
#include "directory.hpp"
#include "key_log.hpp"
#include "openssl.hpp"
#include "published.hpp"
#include "side.hpp"
#include "tickets.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

class Server final : public Side {
 public:
  // Complains of all that is wrong.                                                           [C]
  Server(weir::Setup& setup, const Conf& conf);

  std::unique_ptr<Connection> open(weir::Link link, Sessions& sessions) const override;
  std::vector<Told> renew() override;
  bool start() override;

  // Goes on with the ticket keys of the listener's former generation, unless a file holds them. [C]
  void adopt(const Side& former) override;

  const ClientPolicy& clients() const { return clients_; }
  const TicketKeys& ticket_keys() const { return *tickets_; }

 private:
  void set_tickets(weir::Setup& setup, const Conf& conf);
  void set_clients(weir::Setup& setup);
  void set_callbacks();

  std::shared_ptr<SSL_CTX> context_;
  std::string key_log_path_;
  std::unique_ptr<KeyLog> key_log_;
  ClientPolicy clients_;
  std::unique_ptr<CertificateList> certificates_;  // [P] from the first look on
  WatchedFiles client_files_;
  std::string ticket_path_;
  WatchedFiles ticket_file_;
  std::shared_ptr<TicketKeys> tickets_;
  Published<Directory> directory_;
  Published<ClientTrust> client_trust_;
};
