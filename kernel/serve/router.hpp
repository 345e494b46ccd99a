// SPDX-License-Identifier: Apache-2.0
//
// The route table: which route a request takes.
//
// The most specific route wins, wherever it stands in the file. Candidates are compared line by
// line of this table; the first difference decides:
//
//   1 listener  one that names the request's listener, then one that names none
//   2 host      exact, then "*.suffix" with more labels before fewer, then any
//   3 path      segment by segment from the left: literal, then {parameter}, then "/*";
//               where the pattern ends: exact, then "/*"
//   4 method    named, fewer before more; then any
//   5 header    more conditions before fewer; then more of the kind "has this value"; then fewer
//   values 6 query     likewise 7 cookie    likewise 8 client    the longer prefix, of a list its
//   shortest; then any
//
// When the conditions of the winner (lines 4 to 8) do not hold, the next candidate is tried, along
// all lines, so a request fails only when no route holds for it. Two routes that are equal on every
// line and can meet in one request are an error, and so is one that never gets a request.
//
// "/api/*" is "/api" and everything below it: a filter on it cannot be evaded by leaving the slash
// out. "*.example.com" is every name below example.com, not example.com itself. GET is not HEAD.
//
// Hosts and path segments are found by hash, so a match costs the same at ten and at ten thousand
// routes; only routes that share listener, host and path are tried one after the other. A match
// allocates nothing.
//
// Thread: any; immutable once built. Borrows nothing of the configuration.
#pragma once

#include "conf/model.hpp"
#include "serve/route_conditions.hpp"
#include "serve/route_tree.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct RouteMatch {
  static constexpr size_t most_parameters = RouteTree::most_parameters;

  uint32_t route = 0;                  // index in the configuration
  std::span<const std::string> names;  // of the path's parameters; lasts as long as the router
  std::array<std::string_view, most_parameters> values;  // views into the request's path
  std::string_view rest;  // what "/*" stood for, with its slash; empty for an exact path

  std::string_view parameter(std::string_view name) const;  // a null view when there is none
};

// An error in the configuration that concerns two routes.
struct RouteConflict {
  enum class Kind : uint8_t {
    tie,       // neither is more specific
    shadowed,  // `second` never gets a request, because `first` takes all of them
    excess     // more than the table can hold; first and second are the same for a path of its own
  };
  size_t first = 0;
  size_t second = 0;
  Kind kind = Kind::tie;
  std::string text;
};

// One route's fate in a match, for `weir explain`.
struct RouteTrial {
  size_t route = 0;
  bool taken = false;
  std::string reason;  // why it was not taken
};

class Router {
 public:
  struct Built;

  // Conflicts that are not empty make the router unfit for use.
  static Built build(std::span<const conf::Route> routes, std::span<const conf::Listener> listeners,
                     Names& names);

  // False, and `out` is undefined, when no route holds.
  bool match(const RouteQuery& query, RouteMatch& out) const;

  // Every route: first those whose host and path fit, in the order they are tried, then the others.
  std::vector<RouteTrial> explain(const RouteQuery& query) const;

 private:
  struct Home {  // of one of a route's patterns
    uint32_t scope = 0;
    uint32_t root = 0;
  };
  std::string refusal_of_place(size_t route, const RouteQuery& query,
                               std::span<const uint32_t> roots) const;

  RouteTree tree_;
  std::vector<RouteConditions> conditions_;  // by route
  std::vector<std::vector<Home>> homes_;     // by route, for explain
};

struct Router::Built {
  Router router;
  std::vector<RouteConflict> conflicts;  // the first hundred
};

}  // namespace weir
