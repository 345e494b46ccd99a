// SPDX-License-Identifier: Apache-2.0
//
// redirect: sends clients to another URL. The manual is README.md.
#include <weir/module.hpp>

#include "location.hpp"
#include "substitution.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace {

weir::Header location{"location"};
weir::Header content_type{"content-type"};

enum class Scheme : uint32_t { same, http, https };
constexpr const char* scheme_names[] = {"same", "http", "https", nullptr};

class Redirect {
 public:
  static constexpr auto name = "redirect";
  static constexpr auto doc = "Sends clients to another URL.";
  static constexpr uint32_t flags = WEIR_ANSWERS;

  struct Conf {
    weir::Choice<Scheme> scheme;
    weir::Template host;
    int64_t port;
    weir::Template path;
    weir::Text regex, replace;
    weir::Bool keep_query;
    int64_t status;
  };
  static constexpr weir_key keys[] = {
      WEIR_KEY_CHOICE(Conf, scheme, "same", "The new scheme.", 0, scheme_names),
      WEIR_KEY(Conf, host, nullptr, "The new host, without port.", 0),
      WEIR_KEY_RANGE(Conf, port, "0",
                     "The new port; 0: the request's own, or with another scheme that scheme's.", 0,
                     0, 65535),
      WEIR_KEY(Conf, path, nullptr, "The new path; \"?\" begins a query.", 0),
      WEIR_KEY(Conf, regex, nullptr,
               "What to replace in the path, in RE2 syntax; other paths are not redirected.", 0),
      WEIR_KEY(Conf, replace, nullptr, "What each match becomes; {1} and {name} are its groups.",
               0),
      WEIR_KEY(Conf, keep_query, "true", "Whether the request's query goes along.", 0),
      WEIR_KEY(Conf, status, "307", "301, 302, 303, 307 or 308.", 0),
  };

  static void configure(weir::Setup& setup, const Conf& conf) {
    if (conf.status != 301 && conf.status != 302 && conf.status != 303 && conf.status != 307 &&
        conf.status != 308) {
      setup.error("status", "not a status that redirects", "one of 301, 302, 303, 307, 308");
    }
    if (conf.regex.absent() != conf.replace.absent()) {
      setup.error(conf.regex.absent() ? "replace" : "regex", "regex and replace go together");
    }
    if (conf.path && !conf.regex.absent()) {
      setup.error("path", "path is the whole new path", "leave out regex and replace, or path");
    }
    if (!elsewhere(conf) && !conf.path && conf.regex.absent()) {
      setup.error(nullptr, "leads to where the request is already",
                  "set scheme, host, port, path, or regex and replace");
    }
  }

  struct Instance {
    Instance(weir::Setup& setup, const Conf& conf)
        : refused(setup.counter("refused", "Requests for which no URL could be made.")) {
      if (conf.regex.absent()) return;
      const auto flaw = substitution.emplace().compile(conf.regex, conf.replace);
      if (flaw) setup.error(flaw->in_regex ? "regex" : "replace", flaw->message);
    }
    std::optional<Substitution> substitution;
    weir::Metric refused;
  };

  struct State {  // of one loop, so that a request needs no memory of its own
    Place from, to;
    std::string text;
  };

  weir::Verdict request(weir::Exchange exchange, const Conf& conf, const Instance& instance,
                        State& state) const {
    switch (find({exchange, conf, instance}, state)) {
      case Result::stays:
        return weir::Verdict::next;
      case Result::refused:
        exchange.count(instance.refused);
        return exchange.respond(400, "bad request\n", {weir::field(content_type, "text/plain")});
      case Result::found:
        break;
    }
    return exchange.respond(static_cast<uint32_t>(conf.status), {},
                            {weir::field(location, state.text)});
  }

  void explain(weir::Exchange exchange, const Conf& conf, const Instance& instance,
               weir::Say say) const {
    State state;
    switch (find({exchange, conf, instance}, state)) {
      case Result::stays:
        return say("lets it pass: no redirect from there");
      case Result::refused:
        return say("answers 400: no URL can be made of it");
      case Result::found:
        return say("answers " + std::to_string(conf.status) + ": " + state.text);
    }
  }

 private:
  struct Job {
    weir::Exchange exchange;
    const Conf& conf;
    const Instance& instance;
  };
  enum class Result { stays, refused, found };

  static bool elsewhere(const Conf& conf) {
    return conf.scheme != Scheme::same || conf.host || conf.port != 0;
  }

  // In `text` what Location says.
  static Result find(const Job& job, State& state) {
    const auto& [exchange, conf, instance] = job;
    auto& [from, to, text] = state;
    const std::string_view query = exchange.query();
    const auto outcome = find_path(job, text);
    if (outcome == Substitution::Outcome::unmatched) return Result::stays;
    if (outcome == Substitution::Outcome::too_long) return Result::refused;
    set_target(text, conf.keep_query ? query : std::string_view{}, to);
    set_target(exchange.path(), query, from);
    from.scheme = exchange.scheme();
    from.authority = split_authority(exchange.authority());
    to.scheme = {};
    if (elsewhere(conf)) {
      find_authority(job, from, to);
      if (!is_host(to.authority.host)) return Result::refused;
    }
    // A redirect from a URL to itself would go on for ever.
    if (same(to, from)) return Result::stays;
    text.clear();
    append_location(to, text);
    return Result::found;
  }

  static Substitution::Outcome find_path(const Job& job, std::string& text) {
    const auto& [exchange, conf, instance] = job;
    if (instance.substitution) return instance.substitution->apply(exchange.path(), text);
    text = conf.path ? exchange.expand(conf.path, weir::Escape::uri) : exchange.path();
    return Substitution::Outcome::replaced;
  }

  static void find_authority(const Job& job, const Place& from, Place& to) {
    const Conf& conf = job.conf;
    to.scheme = conf.scheme == Scheme::same ? from.scheme : scheme_names[conf.scheme.index];
    to.authority = from.authority;
    if (conf.host) to.authority.host = job.exchange.expand(conf.host);
    if (conf.port != 0) {
      to.authority.port = static_cast<uint32_t>(conf.port);
    } else if (to.scheme != from.scheme) {
      to.authority.port = 0;
    }
  }
};

}  // namespace

WEIR_MODULE("redirect", "1.0", "Apache-2.0", Redirect)
