// SPDX-License-Identifier: Apache-2.0
//
// real_ip: finds the client's address behind proxies that are trusted. The manual is README.md.
#include <weir/module.hpp>

#include "hop.hpp"
#include "hop_list.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

enum class Syntax { plain_list, forwarded, single };

std::string text_of(const weir::Address& address) {
  if (address.family == 1) return "unix socket";
  std::array<char, INET6_ADDRSTRLEN> out{};
  const bool v4 = address.family == 4;
  inet_ntop(v4 ? AF_INET : AF_INET6, address.bytes + (v4 ? v4_prefix.size() : 0), out.data(),
            static_cast<socklen_t>(out.size()));
  return out.data();
}

weir::Address address_of(const Hop& hop) {
  weir::Address address{};
  std::ranges::copy(hop.bytes, address.bytes);
  address.port = hop.port;
  address.family = hop.v4 ? 4 : 6;
  return address;
}

class RealIp {
 public:
  static constexpr auto name = "real_ip";
  static constexpr auto doc = "Finds the client's address behind trusted proxies.";
  static constexpr uint32_t flags = WEIR_SECURITY;

  struct Conf {
    weir::List<weir::Cidr> trusted;
    weir::Text header;
    weir::Bool recursive;
    weir::Bool trust_unix;
  };
  static constexpr weir_key keys[] = {
      WEIR_KEY(Conf, trusted, nullptr, "Address ranges of the proxies that are believed.", 0),
      WEIR_KEY(Conf, header, "\"x-forwarded-for\"",
               "The field they write: x-forwarded-for, forwarded, or one that holds one address.",
               0),
      WEIR_KEY(Conf, recursive, "true", "Walk on while the address found is trusted as well.", 0),
      WEIR_KEY(Conf, trust_unix, "false", "Believe peers that come by a Unix socket.", 0),
  };

  struct Instance {
    Instance(weir::Setup& setup, const Conf& conf) {
      std::string lower{conf.header.view()};
      std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
      });
      if (lower.empty() || lower.find_first_not_of(name_bytes) != lower.npos) {
        setup.error("header", "not the name of a header field", "such as \"x-forwarded-for\"");
        return;
      }
      if (conf.trusted.empty() && !conf.trust_unix) {
        setup.error(nullptr, "trusts nobody, so it would never find an address",
                    "add trusted = [\"10.0.0.0/8\"]");
        return;
      }
      header.value = weir::host->intern(weir::raw(lower));
      if (lower == "forwarded") {
        syntax = Syntax::forwarded;
      } else if (lower.ends_with("forwarded-for")) {
        syntax = Syntax::plain_list;
      }
    }

    static constexpr auto name_bytes = "abcdefghijklmnopqrstuvwxyz0123456789-";
    weir::Id header;
    Syntax syntax = Syntax::single;
  };

  weir::Verdict request(weir::Exchange exchange, const Conf& conf, const Instance& instance) const {
    const auto peer = exchange.client();
    if (!trusts(conf, peer)) {
      // Whoever reads the field further on must not believe a stranger.
      exchange.request().remove(instance.header);
      return weir::Verdict::next;
    }
    const auto client = walk(exchange, conf, instance);
    if (!same(client, peer)) exchange.set_client(client);
    return weir::Verdict::next;
  }

  void explain(weir::Exchange exchange, const Conf& conf, const Instance& instance,
               weir::Say say) const {
    const auto peer = exchange.client();
    if (!trusts(conf, peer)) {
      say(text_of(peer) + " is not trusted: " + std::string{conf.header.view()} + " is removed");
      return;
    }
    const auto client = walk(exchange, conf, instance);
    say(text_of(peer) + " is trusted: the client is " + text_of(client));
  }

 private:
  static bool trusts(const Conf& conf, const weir::Address& address) {
    if (address.family == 1) return conf.trust_unix;
    return std::ranges::any_of(conf.trusted,
                               [&](const weir::Cidr& range) { return range.contains(address); });
  }

  static bool same(const weir::Address& left, const weir::Address& right) {
    return left.family == right.family && left.port == right.port &&
           std::equal(left.bytes, left.bytes + sizeof left.bytes, right.bytes);
  }

  static HopList hops_of(weir::Exchange exchange, const Instance& instance) {
    HopList hops;
    size_t lines = 0;
    for (const auto& field : exchange.request().all()) {
      if (field.id != instance.header.value) continue;
      ++lines;
      const auto value = weir::view(field.value);
      if (instance.syntax == Syntax::plain_list) {
        hops.add_plain(value);
      } else if (instance.syntax == Syntax::forwarded) {
        hops.add_forwarded(value);
      } else {
        // Two lines of a field that holds one address: which of them is true cannot be known.
        hops.add(lines == 1 ? HopList::trimmed(value) : std::string_view{});
      }
    }
    return hops;
  }

  // From a trusted peer outwards, to the first address that is not trusted or cannot be read.
  static weir::Address walk(weir::Exchange exchange, const Conf& conf, const Instance& instance) {
    const auto hops = hops_of(exchange, instance);
    const auto form = instance.syntax == Syntax::forwarded ? V6Form::bracketed : V6Form::any;
    auto at = exchange.client();
    for (size_t index = 0; trusts(conf, at); ++index) {
      const auto text = hops.nearest(index);
      const auto hop = text ? parse_hop(*text, form) : std::nullopt;
      if (!hop) break;
      at = address_of(*hop);
      if (!conf.recursive) break;
    }
    return at;
  }
};

}  // namespace

WEIR_MODULE("real_ip", "1.0", "Apache-2.0", RealIp)
