// SPDX-License-Identifier: Apache-2.0
//
// TLS towards endpoints: who they are is proven unless the file says otherwise.
#pragma once

#include <weir/link.hpp>
#include <weir/types.hpp>

#include "certificate.hpp"
#include "conf.hpp"
#include "connection.hpp"
#include "files.hpp"
#include "key_log.hpp"
#include "openssl.hpp"
#include "published.hpp"
#include "side.hpp"
#include "trust.hpp"

#include <memory>
#include <string>
#include <vector>

// What files say; replaced as a whole when one changes.
struct Credentials {
  std::shared_ptr<X509_STORE> store;               // null: nothing is verified
  std::shared_ptr<const Certificate> certificate;  // null: none is shown
};

class Client final : public Side {
 public:
  // Complains of all that is wrong.                                                           [C]
  Client(weir::Setup& setup, const Conf& conf);

  std::unique_ptr<Connection> open(weir::Link link, Sessions& sessions) const override;
  std::vector<Told> renew() override;
  bool start() override;

 private:
  void read_first(weir::Setup& setup, const Conf& conf);

  std::shared_ptr<SSL_CTX> context_;
  std::string key_log_path_;
  std::unique_ptr<KeyLog> key_log_;
  bool verify_;
  std::string server_name_;  // empty: the endpoint's
  TrustFiles trust_files_;
  CertificateFiles certificate_files_;
  WatchedFiles watched_{{}};
  Published<Credentials> credentials_;
};
