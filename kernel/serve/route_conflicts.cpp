// SPDX-License-Identifier: Apache-2.0
#include "serve/route_conflicts.hpp"

#include "conf/model.hpp"
#include "serve/route_conditions.hpp"
#include "serve/route_tree.hpp"
#include "serve/router.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace weir {

namespace {

bool on_a_line(const conf::Route& route) {
  return route.place.source != nullptr && route.place.line != 0;
}

std::string name_of(const conf::Route& route) {
  return on_a_line(route) ? "at line " + std::to_string(route.place.line) : route.name;
}

std::string both(const conf::Route& first, const conf::Route& second) {
  if (!on_a_line(first) || !on_a_line(second)) return first.name + " and " + second.name;
  if (first.place.source == second.place.source) {
    return "at lines " + std::to_string(first.place.line) + " and " +
           std::to_string(second.place.line);
  }
  return "at " + first.place.text() + " and " + second.place.text();
}

std::string text_of(const RouteTree::Pattern& pattern, std::span<const conf::Listener> listeners) {
  std::string text;
  if (pattern.scope != RouteTree::every_listener) {
    text = "listener " + listeners[pattern.scope - 1].name + ", ";
  }
  text += pattern.host == nullptr ? "any host" : "host " + pattern.host->text();
  return text + (pattern.path == nullptr ? ", any path" : ", path " + pattern.path->text);
}

// Looks for a route, other than the one it asks for, whose conditions let everything of that pass.
class Coverer final : public RouteTree::Visitor {
 public:
  Coverer(std::span<const RouteConditions> conditions, uint32_t covered)
      : conditions_(conditions), covered_(covered) {}

  bool at(std::span<const RouteTree::Entry> entries, std::string_view) override {
    for (const auto& entry : entries) {
      if (entry.route == covered_) continue;
      if (!conditions_[entry.route].cover(conditions_[covered_])) continue;
      found_ = entry.route;
      return true;
    }
    return false;
  }

  uint32_t found() const { return found_; }

 private:
  std::span<const RouteConditions> conditions_;
  uint32_t covered_;
  uint32_t found_ = 0;
};

class Finder {
 public:
  Finder(const RouteTableView& table, std::vector<RouteConflict>& conflicts)
      : table_(table), conflicts_(conflicts) {
    for (const auto& conditions : table.conditions) ranks_.push_back(conditions.rank());
  }

  void ties(std::vector<PlacedRoute> placed) {
    const auto key = [&](const PlacedRoute& each) {
      return std::tie(each.spot, ranks_[each.route], each.route);
    };
    std::ranges::sort(placed,
                      [&](const auto& left, const auto& right) { return key(left) < key(right); });
    for (size_t begin = 0, end = 0; begin < placed.size() && !full(); begin = end) {
      const auto& first = placed[begin];
      while (end < placed.size() && placed[end].spot == first.spot &&
             ranks_[placed[end].route] == ranks_[first.route]) {
        ++end;
      }
      ties_among(std::span(placed).subspan(begin, end - begin));
    }
  }

  // A route for every listener is lost where each listener has a route of its own before it; among
  // routes of one listener the more specific one is always the narrower.
  void shadows(std::span<const PlacedRoute> placed) {
    std::map<uint32_t, std::vector<const PlacedRoute*>> by_route;
    for (const auto& each : placed) by_route[each.route].push_back(&each);
    for (const auto& [route, patterns] : by_route) {
      if (full()) return;
      if (patterns.front()->pattern.scope == RouteTree::every_listener) shadow(route, patterns);
    }
  }

 private:
  bool full() const { return conflicts_.size() >= most_conflicts; }

  void ties_among(std::span<const PlacedRoute> equals) {
    if (equals.size() > most_equals) {
      const auto& first = equals.front();
      conflicts_.push_back(
          {first.route, equals.back().route, RouteConflict::Kind::excess,
           "more than " + std::to_string(most_equals) + " routes share " +
               text_of(first.pattern, table_.listeners) +
               " and differ in values only; give them hosts or paths of their own"});
      return;
    }
    for (size_t i = 0; i < equals.size(); ++i) {
      for (size_t j = i + 1; j < equals.size() && !full(); ++j) tie(equals[i], equals[j]);
    }
  }

  void tie(const PlacedRoute& first, const PlacedRoute& second) {
    if (first.route == second.route) return;
    if (!table_.conditions[first.route].overlap(table_.conditions[second.route])) return;
    if (!told_.emplace(first.route, second.route).second) return;
    conflicts_.push_back(
        {first.route, second.route, RouteConflict::Kind::tie,
         "routes " + both(table_.routes[first.route], table_.routes[second.route]) + " tie on " +
             text_of(first.pattern, table_.listeners) + "; neither is more specific"});
  }

  void shadow(uint32_t route, std::span<const PlacedRoute* const> patterns) {
    std::set<uint32_t> takers;
    for (const auto* placed : patterns) {
      for (uint32_t scope = 1; scope <= table_.listeners.size(); ++scope) {
        Coverer coverer(table_.conditions, route);
        if (!table_.tree.search_covering(scope, placed->pattern, coverer)) return;
        takers.insert(coverer.found());
      }
    }
    if (takers.empty()) return;
    const bool one = takers.size() == 1;
    std::string names;
    for (const auto taker : takers) {
      names += (names.empty() ? "" : ", ") + name_of(table_.routes[taker]);
    }
    conflicts_.push_back({*takers.begin(), route, RouteConflict::Kind::shadowed,
                          "route " + name_of(table_.routes[route]) +
                              " never gets a request: " + (one ? "route " : "routes ") + names +
                              (one ? ", which names" : ", which name") + " the listener, " +
                              (one ? "takes" : "take") + " all of them before it"});
  }

  const RouteTableView& table_;
  std::vector<RouteConflict>& conflicts_;
  std::vector<RouteConditions::Rank> ranks_;
  std::set<std::pair<uint32_t, uint32_t>> told_;
};

}  // namespace

RouteConflict too_many_parameters(const conf::Route& route, size_t index,
                                  const conf::PathPattern& path) {
  return {index, index, RouteConflict::Kind::excess,
          "route " + name_of(route) + ": path " + path.text + " has more than " +
              std::to_string(RouteTree::most_parameters) + " parameters"};
}

void find_conflicts(const RouteTableView& table, std::vector<PlacedRoute> placed,
                    std::vector<RouteConflict>& conflicts) {
  Finder finder(table, conflicts);
  finder.shadows(placed);
  finder.ties(std::move(placed));
}

}  // namespace weir
