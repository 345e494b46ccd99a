// SPDX-License-Identifier: Apache-2.0
//
// rewrite: changes the path and query of a request. The manual is README.md.
#include <weir/module.hpp>

#include "substitution.hpp"
#include "target.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace {

weir::Header content_type{"content-type"};

class Rewrite {
 public:
  static constexpr auto name = "rewrite";
  static constexpr auto doc = "Changes the path and query of a request.";

  struct Conf {
    weir::Text strip_prefix, add_prefix;
    weir::Template path;
    weir::Text regex, replace;
    weir::Template query;
    weir::List<weir::Text> query_remove;
    weir::Map<weir::Template> query_set;
    weir::Bool reroute;
  };
  static constexpr weir_key keys[] = {
      WEIR_KEY(Conf, strip_prefix, nullptr, "Taken off the front of the path, whole segments only.",
               0),
      WEIR_KEY(Conf, add_prefix, nullptr, "Put in front of the path.", 0),
      WEIR_KEY(Conf, path, nullptr, "The new path; \"?\" begins a query.", 0),
      WEIR_KEY(Conf, regex, nullptr, "What to replace in the path, in RE2 syntax.", 0),
      WEIR_KEY(Conf, replace, nullptr, "What each match becomes; {1} and {name} are its groups.",
               0),
      WEIR_KEY(Conf, query, nullptr, "The new query, without \"?\".", 0),
      WEIR_KEY(Conf, query_remove, nullptr,
               "Parameters to drop from the query; a \"*\" at the end stands for anything.", 0),
      WEIR_KEY(Conf, query_set, nullptr, "Parameters to set in the query.", 0),
      WEIR_KEY(Conf, reroute, "false", "Match the changed request against the routes again.", 0),
  };

  static void configure(weir::Setup& setup, const Conf& conf) {
    check_prefix(setup, "strip_prefix", conf.strip_prefix);
    check_prefix(setup, "add_prefix", conf.add_prefix);
    if (conf.regex.absent() != conf.replace.absent()) {
      setup.error(conf.regex.absent() ? "replace" : "regex", "regex and replace go together");
    }
    if (conf.path &&
        !(conf.strip_prefix.absent() && conf.add_prefix.absent() && conf.regex.absent())) {
      setup.error("path", "path is the whole new path",
                  "leave out strip_prefix, add_prefix and regex, or path");
    }
    if (conf.query && !(conf.query_remove.empty() && conf.query_set.empty())) {
      setup.error("query", "query is the whole new query",
                  "leave out query_remove and query_set, or query");
    }
  }

  struct Instance {
    Instance(weir::Setup& setup, const Conf& conf)
        : refused(setup.counter("refused", "Requests whose new path was no path.")) {
      if (conf.regex.absent()) return;
      const auto flaw = substitution.emplace().compile(conf.regex, conf.replace);
      if (flaw) setup.error(flaw->in_regex ? "regex" : "replace", flaw->message);
    }
    std::optional<Substitution> substitution;
    weir::Metric refused;
  };

  struct State {  // of one loop, so that a request needs no memory of its own
    Target target;
    std::string work;
  };

  weir::Verdict request(weir::Exchange exchange, const Conf& conf, const Instance& instance,
                        State& state) const {
    const auto result = edit({exchange, conf, instance}, state);
    if (result == Result::unchanged) return weir::Verdict::next;
    if (result == Result::too_long || !put(exchange, state.target)) {
      exchange.count(instance.refused);
      return exchange.respond(400, "bad request\n", {weir::field(content_type, "text/plain")});
    }
    return conf.reroute ? weir::Verdict::reroute : weir::Verdict::next;
  }

  void explain(weir::Exchange exchange, const Conf& conf, const Instance& instance,
               weir::Say say) const {
    State state;
    const auto result = edit({exchange, conf, instance}, state);
    if (result == Result::unchanged) return say("changes nothing");
    if (result == Result::too_long) return say("answers 400: the new path is too long");
    std::string text = "makes it " + state.target.path;
    if (!state.target.query.empty()) text += "?" + state.target.query;
    if (conf.reroute) text += " and matches that against the routes again";
    say(text);
  }

 private:
  struct Job {
    weir::Exchange exchange;
    const Conf& conf;
    const Instance& instance;
  };
  enum class Result { unchanged, changed, too_long };

  static void check_prefix(weir::Setup& setup, const char* key, weir::Text prefix) {
    if (prefix.absent()) return;
    if (const char* flaw = flaw_of_prefix(prefix)) setup.error(key, flaw);
  }

  static Result edit(const Job& job, State& state) {
    const auto outcome = edit_path(job, state.work);
    if (outcome == Substitution::Outcome::unmatched) return Result::unchanged;
    if (outcome == Substitution::Outcome::too_long) return Result::too_long;
    auto& [path, query] = state.target;
    path.clear();
    query.clear();
    const std::string_view text = state.work;
    const size_t mark = std::min(text.find('?'), text.size());
    if (text.substr(0, 1) != "/") path = "/";
    append_escaped(text.substr(0, mark), path);
    append_escaped(text.substr(std::min(mark + 1, text.size())), query);
    edit_query(job, state.work, query);
    const bool same = path == job.exchange.path() && query == job.exchange.query().view();
    return same ? Result::unchanged : Result::changed;
  }

  // The new path, perhaps with a query behind it.
  static Substitution::Outcome edit_path(const Job& job, std::string& path) {
    const auto& [exchange, conf, instance] = job;
    if (conf.path) {
      path = exchange.expand(conf.path, weir::Escape::uri);
      return Substitution::Outcome::replaced;
    }
    const std::string_view stripped = without_prefix(exchange.path(), conf.strip_prefix);
    auto outcome = Substitution::Outcome::replaced;
    if (instance.substitution) {
      outcome = instance.substitution->apply(stripped, path);
    } else {
      path = stripped;
    }
    std::string_view front = conf.add_prefix;
    if (!front.empty() && front.back() == '/') front.remove_suffix(1);
    path.insert(0, front);
    return outcome;
  }

  // Appends to what the new path brought.
  static void edit_query(const Job& job, std::string& work, std::string& query) {
    const auto& [exchange, conf, instance] = job;
    work.clear();
    if (conf.query) {
      append_escaped(exchange.expand(conf.query, weir::Escape::uri), work);
      return append_query(work, query);
    }
    const auto dropped = [&](std::string_view parameter) {
      return std::ranges::any_of(conf.query_remove,
                                 [&](weir::Text pattern) { return names(pattern, parameter); }) ||
             std::ranges::any_of(conf.query_set,
                                 [&](const auto& entry) { return names(entry.key, parameter); });
    };
    append_without(exchange.query(), dropped, query);
    for (const auto& [key, id, value] : conf.query_set) {
      work.clear();
      append_escaped(key, work);
      work += '=';
      append_escaped(exchange.expand(value, weir::Escape::uri), work);
      append_query(work, query);
    }
  }

  static bool put(weir::Exchange exchange, const Target& target) {
    if (target.path != exchange.path() && !exchange.set_path(target.path)) return false;
    if (target.query == exchange.query().view()) return true;
    return target.query.empty() ? exchange.remove_query() : exchange.set_query(target.query);
  }
};

}  // namespace

WEIR_MODULE("rewrite", "1.0", "Apache-2.0", Rewrite)
