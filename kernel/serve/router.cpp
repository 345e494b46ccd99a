// SPDX-License-Identifier: Apache-2.0
#include "serve/router.hpp"

#include "base/contract.hpp"
#include "conf/model.hpp"
#include "conf/path_pattern.hpp"
#include "http/names.hpp"
#include "serve/route_conditions.hpp"
#include "serve/route_conflicts.hpp"
#include "serve/route_tree.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace weir {

namespace {

uint32_t scope_of(const std::string& name, std::span<const conf::Listener> listeners) {
  const auto found =
      std::ranges::find_if(listeners, [&](const auto& listener) { return listener.name == name; });
  expects(found != listeners.end(), "routes name listeners that exist");
  return static_cast<uint32_t>(found - listeners.begin()) + 1;
}

std::vector<uint32_t> scopes_of(const conf::Route& route,
                                std::span<const conf::Listener> listeners) {
  std::vector<uint32_t> scopes;
  scopes.reserve(route.listeners.size() + 1);
  for (const auto& name : route.listeners) scopes.push_back(scope_of(name, listeners));
  if (scopes.empty()) scopes.push_back(RouteTree::every_listener);
  return scopes;
}

// Pointers to each, or one null pointer that stands for any.
template <class T>
std::vector<const T*> each_or_any(const std::vector<T>& patterns) {
  std::vector<const T*> out;
  out.reserve(patterns.size() + 1);
  for (const auto& pattern : patterns) out.push_back(&pattern);
  if (out.empty()) out.push_back(nullptr);
  return out;
}

bool fits(const conf::PathPattern* path) {
  if (path == nullptr) return true;
  const auto parameters = std::count_if(path->segments.begin(), path->segments.end(),
                                        [](const auto& segment) { return segment.parameter; });
  return static_cast<size_t>(parameters) <= RouteTree::most_parameters;
}

std::vector<RouteTree::Pattern> patterns_of(const conf::Route& route,
                                            std::span<const conf::Listener> listeners) {
  std::vector<RouteTree::Pattern> patterns;
  for (const auto scope : scopes_of(route, listeners)) {
    for (const auto* host : each_or_any(route.hosts)) {
      for (const auto* path : each_or_any(route.paths)) patterns.push_back({scope, host, path});
    }
  }
  return patterns;
}

class Matcher final : public RouteTree::Visitor {
 public:
  Matcher(const RouteQuery& query, std::span<const RouteConditions> conditions)
      : query_(query), conditions_(conditions) {}

  bool at(std::span<const RouteTree::Entry> entries, std::string_view rest) override {
    for (const auto& entry : entries) {
      if (entry.asks && !conditions_[entry.route].hold(query_)) continue;
      found = entry;
      found_rest = rest;
      return true;
    }
    return false;
  }

  RouteTree::Entry found;
  std::string_view found_rest;

 private:
  const RouteQuery& query_;
  std::span<const RouteConditions> conditions_;
};

class Explainer final : public RouteTree::Visitor {
 public:
  Explainer(const RouteQuery& query, std::span<const RouteConditions> conditions)
      : query_(query), conditions_(conditions), seen_(conditions.size()) {}

  void enter(uint32_t root) override { roots.push_back(root); }

  bool at(std::span<const RouteTree::Entry> entries, std::string_view) override {
    for (const auto& entry : entries) {
      if (seen_[entry.route]) continue;
      seen_[entry.route] = true;
      auto reason = conditions_[entry.route].refusal(query_);
      const bool holds = reason.empty();
      const bool taken = holds && !decided_;
      if (holds && decided_) reason = "a more specific route holds";
      decided_ = decided_ || holds;
      trials.push_back({entry.route, taken, std::move(reason)});
    }
    return false;
  }

  bool seen(size_t route) const { return seen_[route]; }

  std::vector<RouteTrial> trials;
  std::vector<uint32_t> roots;

 private:
  const RouteQuery& query_;
  std::span<const RouteConditions> conditions_;
  std::vector<bool> seen_;
  bool decided_ = false;
};

}  // namespace

std::string_view RouteMatch::parameter(std::string_view name) const {
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? std::string_view{}
                              : values[static_cast<size_t>(found - names.begin())];
}

Router::Built Router::build(std::span<const conf::Route> routes,
                            std::span<const conf::Listener> listeners, Names& names) {
  Built built;
  auto& router = built.router;
  std::vector<PlacedRoute> placed;
  std::vector<RouteConditions::Rank> ranks;
  router.homes_.resize(routes.size());
  for (uint32_t at = 0; at < routes.size(); ++at) {
    const auto& conditions = router.conditions_.emplace_back(routes[at], names);
    ranks.push_back(conditions.rank());
    for (const auto& pattern : patterns_of(routes[at], listeners)) {
      if (!fits(pattern.path)) {
        built.conflicts.push_back(too_many_parameters(routes[at], at, *pattern.path));
        continue;
      }
      const auto where = router.tree_.add(pattern, at, !conditions.none());
      router.homes_[at].push_back({pattern.scope, where.root});
      placed.push_back({where.spot, at, pattern});
    }
  }
  router.tree_.finish([&](const auto& left, const auto& right) {
    return std::tie(ranks[left.route], right.route) > std::tie(ranks[right.route], left.route);
  });
  find_conflicts({routes, listeners, router.tree_, router.conditions_}, std::move(placed),
                 built.conflicts);
  return built;
}

bool Router::match(const RouteQuery& query, RouteMatch& out) const {
  Matcher matcher(query, conditions_);
  if (!tree_.search(query.listener, query.host, query.path, out.values, matcher)) return false;
  out.route = matcher.found.route;
  out.names = tree_.names(matcher.found);
  out.rest = matcher.found_rest;
  return true;
}

std::string Router::refusal_of_place(size_t route, const RouteQuery& query,
                                     std::span<const uint32_t> roots) const {
  const auto& homes = homes_[route];
  const auto here = [&](const Home& home) {
    return home.scope == RouteTree::every_listener || home.scope == query.listener + 1;
  };
  if (std::ranges::none_of(homes, here)) return "it is for other listeners";
  const auto visited = [&](const Home& home) {
    return std::ranges::find(roots, home.root) != roots.end();
  };
  if (std::ranges::none_of(homes, visited)) {
    return "host " + std::string(query.host) + " does not match";
  }
  return "path " + std::string(query.path) + " does not match";
}

std::vector<RouteTrial> Router::explain(const RouteQuery& query) const {
  Explainer explainer(query, conditions_);
  RouteTree::Values values;
  tree_.search(query.listener, query.host, query.path, values, explainer);
  for (size_t route = 0; route < conditions_.size(); ++route) {
    if (explainer.seen(route)) continue;
    explainer.trials.push_back({route, false, refusal_of_place(route, query, explainer.roots)});
  }
  return std::move(explainer.trials);
}

}  // namespace weir
