// SPDX-License-Identifier: Apache-2.0
//
// What `weir explain` found out, as text for people and as JSON.
//
// Thread: control.
#pragma once

#include "command/question.hpp"

#include <iosfwd>
#include <string>

namespace weir {

struct Explained {
  const Generation& generation;
  const Question& question;
  const DryRequest& request;
  const DryResult& result;
};

// With `all`, routes whose place does not fit are shown however many they are.
void print_explanation(std::ostream& out, const Explained& explained, bool all);

// One object.
std::string explanation_json(const Explained& explained);

// What both forms are made of.

// nullptr: the request does not come to the point of asking an endpoint.
const conf::Upstream* upstream_of(const Explained& explained);

// What the endpoint would see: Host, and path with query.
std::string host_sent(const conf::Upstream& upstream, const DryResult& result);
std::string target_sent(const DryResult& result);

// "example.com or *.example.org, /api/*, GET", for a line; "everything" for a route that asks
// nothing.
std::string route_text(const conf::Route& route);

}  // namespace weir
