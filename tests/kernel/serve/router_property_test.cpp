// SPDX-License-Identifier: Apache-2.0
//
// The router against a matcher that tries every route and compares by the letter of the table in
// router.hpp.
#include "net/address.hpp"
#include "route_world.hpp"

#include <algorithm>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include <boost/test/unit_test.hpp>

using weir::RouteMatch;
using weir::RouteQuery;

namespace {

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> out;
  std::istringstream stream(path.substr(1));
  for (std::string part; std::getline(stream, part, '/');) out.push_back(part);
  if (path.ends_with('/')) out.emplace_back();
  return out;
}

// Line 2 of the table as a number, none when the host does not fit.
std::optional<size_t> host_weight(const weir::conf::Route& route, const std::string& host) {
  if (route.hosts.empty()) return 0;
  std::optional<size_t> best;
  for (const auto& pattern : route.hosts) {
    std::optional<size_t> weight;
    if (!pattern.wildcard && pattern.name == host) weight = 1000;
    const auto suffix = "." + pattern.name;
    if (pattern.wildcard && host.size() > suffix.size() && host.ends_with(suffix)) {
      weight = suffix.size();
    }
    if (weight) best = std::max(best.value_or(0), *weight);
  }
  return best;
}

// Line 3: per segment 3 literal, 2 parameter, and at the end 1 exact, 0 "/*".
std::optional<std::string> path_weight(const weir::conf::PathPattern& pattern,
                                       const std::vector<std::string>& path) {
  const auto& segments = pattern.segments;
  if (path.size() < segments.size() || (path.size() > segments.size() && !pattern.prefix))
    return {};
  std::string weight;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].parameter ? path[i].empty() : path[i] != segments[i].text) return {};
    weight += segments[i].parameter ? '2' : '3';
  }
  return weight + (pattern.prefix ? '0' : '1');
}

std::optional<std::string> path_weight(const weir::conf::Route& route,
                                       const std::vector<std::string>& path) {
  if (route.paths.empty()) return "0";
  std::optional<std::string> best;
  for (const auto& pattern : route.paths) {
    const auto weight = path_weight(pattern, path);
    if (weight && (!best || *weight > *best)) best = weight;
  }
  return best;
}

struct Request {
  uint32_t listener;
  std::string host, path, method, header, client;
};

// Lines 4, 5 and 8.
using Conditions = std::tuple<int, size_t, size_t, int, int>;
std::optional<Conditions> conditions_weight(const weir::conf::Route& route,
                                            const Request& request) {
  int method = 0;
  if (!route.methods.empty()) {
    const auto end = route.methods.end();
    if (std::find(route.methods.begin(), end, request.method) == end) return {};
    // One or two; one may be written twice.
    method = std::count(route.methods.begin(), end, route.methods[0]) ==
                     static_cast<std::ptrdiff_t>(route.methods.size())
                 ? 99
                 : 98;
  }
  size_t equals = 0;
  int values = 0;
  for (const auto& condition : route.headers) {
    using Test = weir::conf::Condition::Test;
    const bool there = !request.header.empty();
    if (there == (condition.test == Test::absent)) return {};
    if (condition.test != Test::equals) continue;
    const auto end = condition.values.end();
    if (std::find(condition.values.begin(), end, request.header) == end) return {};
    ++equals;
    values -= static_cast<int>(condition.values.size());
  }
  int client = 0;
  if (!route.clients.empty()) {
    const auto address = *weir::conf::parse_ip(request.client);
    bool fits = false;
    client = 129;
    for (const auto& range : route.clients) {
      fits = fits || weir::contains(range, address);
      client = std::min(client, static_cast<int>(range.bits) + 1);
    }
    if (!fits) return {};
  }
  return Conditions{method, route.headers.size(), equals, values, client};
}

using Weight = std::tuple<int, size_t, std::string, Conditions>;
std::optional<Weight> weight_of(const weir::conf::Route& route, const Request& request) {
  const auto known = listeners();
  const auto end = route.listeners.end();
  if (!route.listeners.empty() &&
      std::find(route.listeners.begin(), end, known[request.listener].name) == end) {
    return {};
  }
  const auto host = host_weight(route, request.host);
  const auto path = path_weight(route, split(request.path));
  const auto conditions = conditions_weight(route, request);
  if (!host || !path || !conditions) return {};
  return Weight{route.listeners.empty() ? 0 : 1, *host, *path, *conditions};
}

class Chance {
 public:
  explicit Chance(unsigned seed) : random_(seed) {}
  bool in(unsigned of) { return random_() % of == 0; }
  std::string of(std::initializer_list<const char*> choices) {
    return *(choices.begin() + random_() % choices.size());
  }
  std::string path(bool pattern) {
    std::string out;
    const auto length = random_() % 4;
    for (unsigned i = 0; i < length; ++i) {
      out += pattern && in(3) ? "/{p" + std::to_string(i) + "}" : "/" + of({"a", "b"});
    }
    if (pattern && in(3)) return out + "/*";
    return out.empty() || (in(6) && !out.ends_with('}')) ? out + "/" : out;
  }
  std::string host() { return of({"h", "a.h", "b.h", "a.b.h", "g"}); }

 private:
  std::mt19937 random_;
};

Draft random_route(Chance& chance, int number) {
  Draft draft(std::to_string(number));
  if (chance.in(6)) draft.listener(chance.of({":80", "admin"}));
  for (int i = 0; i < 2; ++i) {
    if (chance.in(2)) draft.host(chance.of({"*.h", "*.b.h", "h", "a.h", "g"}));
    if (!chance.in(3)) draft.path(chance.path(true));
    if (chance.in(4)) draft.method(chance.of({"GET", "PUT"}));
    if (chance.in(6)) draft.client(chance.of({"10.0.0.0/8", "10.1.0.0/16", "10.1.1.1"}));
  }
  if (chance.in(3)) draft.header(chance.of({"x", "!x", "x=1", "x=2", "x=1|2"}));
  return draft;
}

Request random_request(Chance& chance) {
  return {chance.in(2) ? 0u : 1u,
          chance.host(),
          chance.path(false),
          chance.of({"GET", "PUT", "POST"}),
          chance.of({"", "1", "2", "3"}),
          chance.of({"10.1.1.1", "10.1.2.3", "10.9.9.9", "192.0.2.1"})};
}

std::optional<size_t> matched(const Table& table, const Request& request) {
  Ask ask(request.host, request.path, request.method);
  ask.listener(request.listener).client(request.client);
  if (!request.header.empty()) ask.header("X", request.header);
  return ask.with(table.names, [&](const RouteQuery& query) -> std::optional<size_t> {
    RouteMatch match;
    if (!table.built.router.match(query, match)) return {};
    return match.route;
  });
}

// The best by the letter of the table; several when they tie.
std::vector<size_t> best_of(const Table& table, const Request& request) {
  std::vector<size_t> best;
  std::optional<Weight> weight;
  for (size_t i = 0; i < table.routes.size(); ++i) {
    const auto here = weight_of(table.routes[i], request);
    if (!here || (weight && *here < *weight)) continue;
    if (weight && *here > *weight) best.clear();
    weight = here;
    best.push_back(i);
  }
  return best;
}

bool tie_is_told(const Table& table, size_t first, size_t second) {
  return std::any_of(table.built.conflicts.begin(), table.built.conflicts.end(),
                     [&](const auto& each) {
                       return each.kind == weir::RouteConflict::Kind::tie && each.first == first &&
                              each.second == second;
                     });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(router_property)

BOOST_AUTO_TEST_CASE(agrees_with_a_matcher_that_tries_every_route) {
  int hits = 0;
  int ties = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    Chance chance(seed);
    std::vector<Draft> drafts;
    for (int i = 0; i < 12; ++i) drafts.push_back(random_route(chance, i));
    const Table table(drafts);
    std::vector<bool> used(drafts.size());
    for (int i = 0; i < 300; ++i) {
      const auto request = random_request(chance);
      const auto best = best_of(table, request);
      const auto taken = matched(table, request);
      BOOST_REQUIRE(taken.has_value() == !best.empty());
      if (!taken) continue;
      ++hits;
      used[*taken] = true;
      BOOST_REQUIRE(std::find(best.begin(), best.end(), *taken) != best.end());
      if (best.size() > 1) ++ties;
      for (size_t j = 1; j < best.size(); ++j) BOOST_REQUIRE(tie_is_told(table, best[0], best[j]));
    }
    for (const auto& conflict : table.built.conflicts) {
      if (conflict.kind == weir::RouteConflict::Kind::shadowed) BOOST_TEST(!used[conflict.second]);
    }
  }
  BOOST_TEST(hits > 10000);
  BOOST_TEST(ties > 100);
}

BOOST_AUTO_TEST_SUITE_END()
