// SPDX-License-Identifier: Apache-2.0
//
// proxy_protocol: learns from a proxy before us whom it speaks for, and tells an endpoint behind us
// the same. The manual is README.md.
#include <weir/link.hpp>
#include <weir/module.hpp>

#include "preamble.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace {

weir::Header authority{"proxy_protocol.authority"};
weir::Header alpn{"proxy_protocol.alpn"};
weir::Header unique_id{"proxy_protocol.unique_id"};
weir::Header tls_version{"proxy_protocol.tls_version"};
weir::Header tls_common_name{"proxy_protocol.tls_common_name"};
weir::Header tls_cipher{"proxy_protocol.tls_cipher"};

enum class Version : uint32_t { v1, v2 };
constexpr const char* version_names[] = {"v1", "v2", nullptr};

class ProxyProtocol {
 public:
  static constexpr auto name = "proxy_protocol";
  static constexpr auto doc = "Learns the client from a proxy before us, or tells it an endpoint.";
  static constexpr auto kind = weir::Kind::transport;
  static constexpr uint32_t flags = WEIR_SECURITY | WEIR_PER_EXCHANGE;

  struct Conf {
    weir::List<weir::Cidr> trusted;
    weir::Choice<Version> version;
  };
  static constexpr weir_key keys[] = {
      WEIR_KEY(
          Conf, trusted, nullptr,
          "Of a listener: the proxies that send a preamble, and have to. Connections of others "
          "are taken as they are.",
          0),
      WEIR_KEY_CHOICE(Conf, version, "v2", "Of an upstream: the form that is sent.", 0,
                      version_names),
  };

  static void configure(weir::Setup& setup, const Conf& conf) {
    if (setup.side() == WEIR_ACCEPTED && conf.trusted.empty()) {
      setup.error("trusted", "nobody is trusted, so no preamble would be read",
                  "name the proxies: trusted = [\"10.0.0.0/8\"]");
    }
    if (setup.side() == WEIR_CONNECTED && !conf.trusted.empty()) {
      setup.error("trusted", "an upstream reads no preamble", "remove it");
    }
  }

  bool open(weir::Link) { return true; }

  weir::Io handshake(weir::Link link, const Conf& conf) {
    return link.accepted() ? learn(link, conf) : tell(link, conf);
  }

  std::string_view info(weir::Id id) const {
    constexpr std::array known{std::pair{&authority, Detail::authority},
                               std::pair{&alpn, Detail::alpn},
                               std::pair{&unique_id, Detail::unique_id},
                               std::pair{&tls_version, Detail::tls_version},
                               std::pair{&tls_cipher, Detail::tls_cipher},
                               std::pair{&tls_common_name, Detail::tls_common_name}};
    if (details_ == nullptr) return {};
    for (const auto& [header, which] : known) {
      if (header->id().value == id.value) return detail({details_, details_size_}, which);
    }
    return {};
  }

  void close() { delete[] std::exchange(details_, nullptr); }

 private:
  static bool trusts(const Conf& conf, const weir_address& peer) {
    return std::any_of(conf.trusted.begin(), conf.trusted.end(), [&](const weir::Cidr& range) {
      return peer.family >= 4 && range.contains(peer);
    });
  }

  // The bytes stay in the socket until the preamble is whole: what follows it is not ours.
  weir::Io learn(weir::Link link, const Conf& conf) {
    const weir_address peer = link.peer();
    if (!trusts(conf, peer)) return weir::Io::ok;
    std::array<char, longest_preamble> room;
    const weir::Moved seen = link.peek(room);
    if (seen.io != weir::Io::ok) return seen.io;
    const Preamble preamble = read_preamble({room.data(), seen.n});
    if (preamble.state == Preamble::State::more) return weir::Io::again;
    if (preamble.state == Preamble::State::refused) {
      log_refusal(link, preamble.wrong);
      return weir::Io::broken;
    }
    return take(link, preamble);
  }

  weir::Io take(weir::Link link, const Preamble& preamble) {
    if (preamble.source.family != 0) {
      link.set_peer(preamble.source);
      link.set_local(preamble.destination);
    }
    if (!preamble.details.empty()) {
      details_ = new char[preamble.details.size()];
      details_size_ = preamble.details.size();
      std::memcpy(details_, preamble.details.data(), details_size_);
    }
    std::array<char, longest_preamble> gone;
    const weir::Moved taken = link.recv({gone.data(), preamble.size});
    return taken.io == weir::Io::ok && taken.n == preamble.size ? weir::Io::ok : weir::Io::broken;
  }

  weir::Io tell(weir::Link link, const Conf& conf) {
    std::array<char, longest_preamble> room;
    const size_t size = write_preamble(conf.version == Version::v1 ? 1 : 2, link.client(),
                                       link.client_local(), room);
    while (sent_ < size) {
      const weir::Moved moved = link.send({room.data() + sent_, size - sent_}, true);
      if (moved.io != weir::Io::ok) return moved.io;
      sent_ += moved.n;
    }
    return weir::Io::ok;
  }

  static void log_refusal(weir::Link link, const char* why) {
    if (!weir::logs(weir::Level::info)) return;
    weir::log(link.raw()->instance, weir::Level::info,
              std::string("closed the connection of a trusted proxy, for its preamble: ") + why);
  }

  char* details_;
  size_t details_size_;
  size_t sent_;  // bytes of what tells the endpoint
};

}  // namespace

WEIR_MODULE("proxy_protocol", "1.0", "Apache-2.0", ProxyProtocol)
