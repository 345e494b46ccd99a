// SPDX-License-Identifier: Apache-2.0
#include "command/file_tests.hpp"

#include "command/question.hpp"
#include "command/reasons.hpp"
#include "conf/model.hpp"
#include "conf/report.hpp"
#include "http/names.hpp"
#include "serve/dry_run.hpp"
#include "serve/generation.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {
namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
  return text.empty() ? "none" : text;
}

std::string named(std::string_view name, std::string_view nothing) {
  return name.empty() ? std::string(nothing) : "'" + conf::readable(name) + "'";
}

// One test, its result, and where the differences go.
class Verdict {
 public:
  Verdict(const Generation& generation, const conf::Test& test, conf::Report& report)
      : model_(generation.model()), test_(test), report_(report) {}

  void judge(const DryResult& result, const std::string& listener) {
    const conf::Expectation& expected = test_.expect;
    compare("listener", expected.listener, listener, "");
    compare("route", expected.route, route_of(result), "no route");
    compare("upstream", expected.upstream, upstream_of(result), "none: " + answer_text(result));
    compare("host", expected.host, result.host, "none");
    compare("path", expected.path, result.path, "none");
    if (expected.status && *expected.status != result.status) {
      differ("status " + std::to_string(*expected.status), answer_text(result));
    }
    std::vector<std::string> filters;
    filters.reserve(result.filters.size());
    for (const DryFilter& filter : result.filters) filters.push_back(filter.name);
    if (expected.filters && *expected.filters != filters) {
      differ("filters " + listed(*expected.filters), listed(filters));
    }
  }

 private:
  void compare(const char* what, const std::optional<std::string>& expected,
               const std::string& came, const std::string& nothing) {
    if (!expected || *expected == came) return;
    differ(std::string(what) + " '" + conf::readable(*expected) + "'", named(came, nothing));
  }

  void differ(const std::string& expected, const std::string& came) {
    report_.error(test_.expect.place,
                  "test " + test_.method + " " + conf::readable(test_.url) + ": expected " +
                      expected + ", got " + came,
                  "weir explain shows why");
  }

  std::string route_of(const DryResult& result) const {
    return result.route == DryResult::no_route ? "" : model_.routes[result.route].name;
  }

  // Only of a request that comes to the point of asking it.
  std::string upstream_of(const DryResult& result) const {
    if (result.route == DryResult::no_route || result.status != 0 || result.waits) return "";
    const size_t upstream = model_.routes[result.route].upstream;
    return upstream == conf::no_upstream ? "" : model_.upstreams[upstream].name;
  }

  const conf::Model& model_;
  const conf::Test& test_;
  conf::Report& report_;
};

}  // namespace

std::string answer_text(const DryResult& result) {
  if (result.waits) return "not known: something outside is waited for";
  if (result.status == 0) return "the endpoint's answer";
  std::string text = std::to_string(result.status);
  const std::string_view meaning = meaning_of(result.reason);
  if (result.reason.empty()) return text;
  text += " (" + result.reason;
  if (!meaning.empty()) text += ": " + std::string(meaning);
  return text + ")";
}

void run_file_tests(const std::shared_ptr<Generation>& generation, Names& names,
                    conf::Report& report) {
  const conf::Model& model = generation->model();
  if (model.tests.empty()) return;
  DryRun dry(generation, names);
  for (const conf::Test& test : model.tests) {
    Question question{
        test.method, {test.scheme, test.authority, test.target}, test.headers, test.from, 0};
    const auto listener = find_listener(model, question.url, test.listener);
    if (!listener) continue;  // reported by the reader of the file
    question.listener = *listener;
    Verdict(*generation, test, report)
        .judge(dry.run(dry_request(question)), model.listeners[*listener].name);
  }
}

}  // namespace weir
