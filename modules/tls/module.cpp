// SPDX-License-Identifier: Apache-2.0
//
// tls: encrypts connections, of clients and to endpoints. The manual is README.md.
#include <weir/link.hpp>
#include <weir/module.hpp>

#include "client.hpp"
#include "conf.hpp"
#include "connection.hpp"
#include "openssl.hpp"
#include "server.hpp"
#include "sessions.hpp"
#include "side.hpp"
#include "stream.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/ssl.h>

namespace {

constexpr const char* presets[] = {"intermediate", "modern", nullptr};
constexpr const char* versions[] = {"preset", "1.2", "1.3", nullptr};
constexpr const char* verifies[] = {"off", "optional", "require", nullptr};

constexpr double millisecond = 1e6;
constexpr double minute = 60e9;
constexpr double day = 24 * 60 * minute;

constexpr weir_key conf_keys[] = {
    WEIR_KEY(Conf, certificate, nullptr,
             "PEM files, each a certificate and behind it its chain. A client gets the one that "
             "has the name it asks for, else the first; an upstream shows one to endpoints.",
             0),
    WEIR_KEY(Conf, key, nullptr,
             "PEM files of the private keys, in the order of the certificates. Without it the keys "
             "stand in the certificates' files.",
             0),
    WEIR_KEY_CHOICE(Conf, preset, "\"intermediate\"",
                    "Versions and ciphers, as Mozilla recommends: intermediate has TLS 1.2 and "
                    "1.3, modern 1.3 alone.",
                    0, presets),
    WEIR_KEY_CHOICE(Conf, min_version, "\"preset\"", "The oldest version that is spoken.", 0,
                    versions),
    WEIR_KEY(Conf, ciphers, nullptr,
             "Ciphers in place of the preset's, best first, by OpenSSL's names; those that begin "
             "with TLS_ are for TLS 1.3.",
             0),
    WEIR_KEY(Conf, curves, nullptr,
             "Groups for the exchange of keys, best first; default X25519, P-256, P-384.", 0),
    WEIR_KEY(Conf, key_log, nullptr,
             "A file that gets the secrets of every connection, for finding faults with Wireshark. "
             "Whoever reads it reads all that passed.",
             0),
    WEIR_KEY_RANGE(Conf, watch, "\"1s\"",
                   "How often to look whether a file has changed; it is then taken over without a "
                   "reload.",
                   0, 20 * millisecond, 60 * minute),
    WEIR_KEY(Conf, ocsp, nullptr,
             "Listener: files of OCSP responses (DER) to staple, in the order of the certificates.",
             0),
    WEIR_KEY(Conf, tickets, "true",
             "Listener: give tickets, by which clients come back with less work.", 0),
    WEIR_KEY(Conf, ticket_keys, nullptr,
             "Listener: a file of 1 to 8 keys of 80 random bytes that seal tickets, for several "
             "machines or processes to share; the first seals, all open. Mode 0600. Without it "
             "keys are random and change every twelve hours.",
             0),
    WEIR_KEY_RANGE(Conf, ticket_lifetime, "\"2h\"",
                   "Listener: how long a ticket opens a connection.", 0, minute, day),
    WEIR_KEY_CHOICE(Conf, client_verify, "\"off\"",
                    "Listener: whether clients are asked for a certificate. One that is shown must "
                    "be good, also where it is optional.",
                    0, verifies),
    WEIR_KEY(Conf, client_ca, nullptr,
             "Listener: PEM file of the authorities whose client certificates are believed.", 0),
    WEIR_KEY(Conf, client_crl, nullptr,
             "Listener: PEM file with the list of revoked certificates of each authority in a "
             "client's chain.",
             0),
    WEIR_KEY_RANGE(Conf, client_depth, "4",
                   "Listener: the most authorities between a client's certificate and its root.", 0,
                   0, 16),
    WEIR_KEY(Conf, client_hosts, nullptr,
             "Listener: hosts whose clients are asked, \"*.example.com\" for those below; without "
             "it all are.",
             0),
    WEIR_KEY(Conf, verify, "true", "Upstream: whether endpoints must prove who they are.", 0),
    WEIR_KEY(Conf, ca, nullptr,
             "Upstream: PEM file of the authorities that are believed, in place of the system's.",
             0),
    WEIR_KEY(Conf, server_name, nullptr,
             "Upstream: the name that endpoints prove and are asked for; default that of the "
             "endpoint.",
             0),
};

// ---- What all loops read ----------------------------------------------------------------------

class Instance {
 public:
  Instance(weir::Setup& setup, const Conf& conf)
      : handshakes(setup.counter("handshakes", "handshakes that were completed")),
        resumed(setup.counter("resumed", "those of them that went on with an earlier session")),
        failed(setup.counter("failed", "handshakes that failed")) {
    // What a process leaves behind at its end is the system's to clean up, not a library's.
    OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, nullptr);
    refuse_keys_of_other_side(setup, conf);
    if (!conf.key_log.empty()) {
      setup.warn("key_log", "whoever reads this file can read all connections of this table");
    }
    if (setup.side() == WEIR_CONNECTED) {
      side_ = std::make_shared<Client>(setup, conf);
    } else {
      side_ = std::make_shared<Server>(setup, conf);
    }
  }

  bool start() { return side_->start(); }
  void adopt(const Instance& previous) { side_->adopt(*previous.side_); }

  const std::shared_ptr<Side>& side() const { return side_; }

  weir::Metric handshakes, resumed, failed;

 private:
  static void refuse_keys_of_other_side(weir::Setup& setup, const Conf& conf) {
    const bool upstream = setup.side() == WEIR_CONNECTED;
    const auto refuse = [&setup, upstream](bool set, const char* key) {
      const char* const belongs =
          upstream ? "belongs to a listener's tls" : "belongs to an upstream's tls";
      if (set) setup.error(key, belongs, "remove it here");
    };
    if (!upstream) {
      refuse(!conf.verify, "verify");
      refuse(!conf.ca.empty(), "ca");
      refuse(!conf.server_name.empty(), "server_name");
      return;
    }
    refuse(!conf.ocsp.empty(), "ocsp");
    refuse(!conf.tickets, "tickets");
    refuse(!conf.ticket_keys.empty(), "ticket_keys");
    refuse(conf.client_verify.index != 0, "client_verify");
    refuse(!conf.client_ca.empty(), "client_ca");
    refuse(!conf.client_crl.empty(), "client_crl");
    refuse(!conf.client_hosts.empty(), "client_hosts");
  }

  std::shared_ptr<Side> side_;
};

// ---- What one loop has ------------------------------------------------------------------------

void watch(weir::Worker worker, std::shared_ptr<Side> side, std::chrono::milliseconds interval);

// One look at the files, on a pool thread.
struct Look {
  weir::Worker worker;
  std::shared_ptr<Side> side;
  std::chrono::milliseconds interval;
  std::vector<Told> told;

  void work() { told = side->renew(); }
  void done() {
    for (const auto& line : told) worker.log(line.level, line.text);
    watch(worker, std::move(side), interval);
  }
};

void watch(weir::Worker worker, std::shared_ptr<Side> side, std::chrono::milliseconds interval) {
  weir::after(worker.ref(), interval, [worker, side = std::move(side), interval] {
    if (!weir::task(worker.ref(), Look{worker, side, interval, {}})) watch(worker, side, interval);
  });
}

struct State {
  State(weir::Worker worker, const Conf& conf, const Instance& instance) {
    if (worker.index() == 0) watch(worker, instance.side(), conf.watch.milliseconds());
  }

  LoopBuffers& buffers() {
    if (!buffers_) buffers_ = std::make_unique_for_overwrite<LoopBuffers>();
    return *buffers_;
  }

  // Endpoints that are refused are told of, once a second.
  bool may_warn() {
    const auto now = weir::now();
    const bool may = now - warned_ >= std::chrono::seconds{1};
    if (may) warned_ = now;
    return may;
  }

  Sessions sessions;

 private:
  std::unique_ptr<LoopBuffers> buffers_;  // none before the first connection
  std::chrono::nanoseconds warned_{};
};

// ---- The transport ----------------------------------------------------------------------------

class Tls {
 public:
  static constexpr auto kind = weir::Kind::transport;
  static constexpr auto name = "tls";
  static constexpr auto doc = "Encrypts connections, of clients and to endpoints.";
  static constexpr uint32_t flags = WEIR_ENCRYPTS | WEIR_SECURITY | WEIR_READS_FILES;
  static constexpr const char* needs[] = {"files", nullptr};
  using Conf = ::Conf;
  using Instance = ::Instance;
  using State = ::State;
  static constexpr auto& keys = conf_keys;

  bool open(weir::Link link, const Instance& instance, State& state) {
    try {
      connection_ = instance.side()->open(link, state.sessions).release();
      return connection_ != nullptr;
    } catch (const NoName& fault) {
      if (state.may_warn()) {
        weir::log(link.raw()->instance, weir::Level::warn,
                  "endpoint (" + address_text(link.peer()) + "): " + fault.what());
      }
      return false;
    }
  }

  weir::Io handshake(weir::Link link, const Instance& instance, State& state) {
    const auto io = connection_->stream().handshake(link, state.buffers());
    if (io == weir::Io::ok) {
      ++link.cells()[instance.handshakes.index];
      if (connection_->resumed()) ++link.cells()[instance.resumed.index];
    } else if (io == weir::Io::broken) {
      ++link.cells()[instance.failed.index];
      tell_failure(link, state);
    }
    return io;
  }

  weir::Moved recv(weir::Link link, weir::Room into, State& state) {
    return connection_->stream().recv(link, state.buffers(), into);
  }

  weir::Moved send(weir::Link link, weir::Pieces pieces, State& state) {
    return connection_->stream().send(link, state.buffers(), pieces);
  }

  size_t pending() { return connection_->stream().pending(); }

  weir::Io end(weir::Link link, State& state) {
    return connection_->stream().end(link, state.buffers());
  }

  void close() { delete connection_; }

  std::string_view info(weir::Id attribute) { return attribute_of(*connection_, attribute.value); }

  bool serves(weir::ServedHost host) { return connection_->serves(host.name); }

 private:
  // Clients that fail are everyday's, and those that just leave no news; an endpoint that does is
  // somebody's to mend.
  weir::Level level_of_failure(weir::Link link) const {
    if (!link.accepted()) return weir::Level::warn;
    return connection_->stream().link_ended() ? weir::Level::debug : weir::Level::info;
  }

  void tell_failure(weir::Link link, State& state) {
    const auto level = level_of_failure(link);
    if (!weir::logs(level) || (!link.accepted() && !state.may_warn())) return;
    const auto why = handshake_reason(connection_->ssl());
    weir::log(link.raw()->instance, level, connection_->who(link) + ": handshake failed: " + why);
  }

  Connection* connection_;
};

}  // namespace

WEIR_MODULE("tls", "1.0", "Apache-2.0", Tls)
