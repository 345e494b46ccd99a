// SPDX-License-Identifier: Apache-2.0
//
// request_id: gives each request a name that is found in every log. The manual is README.md.
#include <weir/module.hpp>

#include "random_bits.hpp"
#include "request_name.hpp"
#include "trace_parent.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace {

constexpr weir::Id request_id{WEIR_A_REQUEST_ID};
constexpr weir::Id trace_parent{WEIR_H_TRACEPARENT};
constexpr weir::Id trace_state{WEIR_H_TRACESTATE};

enum class Format : uint32_t { uuid7, uuid4, hex };
constexpr const char* formats[] = {"uuid7", "uuid4", "hex", nullptr};

class RequestId {
 public:
  static constexpr auto name = "request_id";
  static constexpr auto doc = "Gives each request a name that is found in every log.";

  struct Conf {
    weir::Text header;
    weir::List<weir::Cidr> trusted;
    weir::Bool trust_unix;
    weir::Choice<Format> format;
    weir::Bool respond;
    weir::Bool traceparent;
    weir::Percent sampled;
  };
  static constexpr weir_key keys[] = {
      WEIR_KEY(Conf, header, "\"x-request-id\"", "The field that carries the id.", 0),
      WEIR_KEY(Conf, trusted, nullptr, "Address ranges of peers whose id and traceparent are kept.",
               WEIR_PER_ROUTE),
      WEIR_KEY(Conf, trust_unix, "false", "Keep those of peers that come by a Unix socket.",
               WEIR_PER_ROUTE),
      WEIR_KEY_CHOICE(Conf, format, "\"uuid7\"", "How a new id is written.", WEIR_PER_ROUTE,
                      formats),
      WEIR_KEY(Conf, respond, "true", "Put the id on the response as well.", WEIR_PER_ROUTE),
      WEIR_KEY(Conf, traceparent, "false", "Pass on or create the W3C field traceparent.",
               WEIR_PER_ROUTE),
      WEIR_KEY(Conf, sampled, "\"100%\"", "Share of new traces that are marked as sampled.",
               WEIR_PER_ROUTE),
  };

  struct Instance {
    Instance(weir::Setup& setup, const Conf& conf) {
      std::string lower{conf.header.view()};
      std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
      });
      if (lower.empty() || lower.find_first_not_of(name_bytes) != lower.npos) {
        setup.error("header", "not the name of a header field", "such as \"x-request-id\"");
        return;
      }
      header.value = weir::host->intern(weir::raw(lower));
    }

    static constexpr auto name_bytes = "abcdefghijklmnopqrstuvwxyz0123456789-";
    weir::Id header;
  };

  struct State {
    RandomBits random;
  };

  weir::Verdict request(weir::Exchange exchange, const Conf& conf, const Instance& instance,
                        State& state) const {
    const auto request = exchange.request();
    const bool trusted = trusts(conf, exchange.peer());
    const auto fresh = new_name(exchange, conf, state.random);
    const auto given = trusted ? only(request, instance.header) : std::nullopt;
    if (given && well_formed_id(*given)) {
      exchange.set_attr(request_id, *given);
    } else {
      std::array<char, 36> room;
      const auto id =
          conf.format == Format::hex ? write_plain(fresh, room) : write_uuid(fresh, room);
      exchange.set_attr(request_id, id);
      request.set(instance.header, id);
    }
    if (conf.traceparent) trace(request, conf, trusted, fresh, state.random);
    return weir::Verdict::next;
  }

  weir::Verdict response(weir::Exchange exchange, const Conf& conf,
                         const Instance& instance) const {
    if (conf.respond) exchange.response().set(instance.header, exchange.attr(request_id));
    return weir::Verdict::next;
  }

  void explain(weir::Exchange exchange, const Conf& conf, weir::Say say) const {
    say(trusts(conf, exchange.peer()) ? "the peer is trusted: a well-formed id of its own is kept"
                                      : "the request gets a new id");
  }

 private:
  // The one that sent the request, whatever it says of others.
  static bool trusts(const Conf& conf, const weir::Address& peer) {
    if (peer.family == 1) return conf.trust_unix;
    return std::ranges::any_of(conf.trusted,
                               [&](const weir::Cidr& range) { return range.contains(peer); });
  }

  // The value, when there is exactly one line of that name.
  static std::optional<std::string_view> only(weir::Fields fields, weir::Id id) {
    std::optional<std::string_view> value;
    for (const auto& field : fields.all()) {
      if (field.id != id.value) continue;
      if (value) return {};
      value = weir::view(field.value);
    }
    return value;
  }

  static RequestName new_name(weir::Exchange exchange, const Conf& conf, RandomBits& random) {
    const uint64_t high = random.next();
    const uint64_t low = random.next();
    switch (static_cast<Format>(conf.format)) {
      case Format::uuid7:
        return uuid7(exchange.number({WEIR_A_TIME_UNIX}), high, low);
      case Format::uuid4:
        return uuid4(high, low);
      case Format::hex:
        return {high, low};
    }
    return {high, low};
  }

  // A new trace has the id of the request, so that one leads to the other.
  static void trace(weir::Fields request, const Conf& conf, bool trusted, RequestName fresh,
                    RandomBits& random) {
    if (trusted) {
      const auto given = only(request, trace_parent);
      if (given && valid_trace_parent(*given)) return;
    }
    std::array<char, 55> room;
    const bool sampled = random.share() < conf.sampled;
    request.remove(trace_state);
    request.set(trace_parent, write_trace_parent(fresh, random.next(), sampled, room));
  }
};

}  // namespace

WEIR_MODULE("request_id", "1.0", "Apache-2.0", RequestId)
