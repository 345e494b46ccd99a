// SPDX-License-Identifier: Apache-2.0
//
// Finds routes that get in each other's way: ties, and routes that never get a request.
//
// Only routes at the same spot are compared with each other, and only among equals, so the work
// stays small for any table a person would write; for others there is a bound, which is an error,
// too.
//
// Thread: any.
#pragma once

#include "serve/route_conditions.hpp"
#include "serve/route_tree.hpp"
#include "serve/router.hpp"

#include <span>
#include <vector>

namespace weir {

// One pattern of one route in the tree.
struct PlacedRoute {
  RouteTree::Spot spot = 0;
  uint32_t route = 0;
  RouteTree::Pattern pattern;
};

struct RouteTableView {
  std::span<const conf::Route> routes;
  std::span<const conf::Listener> listeners;
  const RouteTree& tree;
  std::span<const RouteConditions> conditions;  // by route
};

constexpr size_t most_conflicts = 100;
constexpr size_t most_equals = 4096;  // routes of the same rank at one spot

RouteConflict too_many_parameters(const conf::Route& route, size_t index,
                                  const conf::PathPattern& path);

// Adds to `conflicts` until there are most_conflicts.
void find_conflicts(const RouteTableView& table, std::vector<PlacedRoute> placed,
                    std::vector<RouteConflict>& conflicts);

}  // namespace weir
