// SPDX-License-Identifier: Apache-2.0
//
// What a reload would change, in words, before it happens.
//
// Files are compared by meaning: the order of keys and tables, comments and layout are no
// difference. A route is known by what it matches, all else by its name.
//
// Thread: control.
#pragma once

#include "serve/generation.hpp"

#include <string>
#include <vector>

namespace weir {

struct Plan {
  std::vector<std::string> changes;  // "+ listener :8443", "- upstream old", "~ server.drain: ..."
  std::vector<std::string> effects;  // what is kept, made anew, or waits for another process
};

// Expects: `next` was built with `now` as its previous.
Plan plan(const Generation& now, const Generation& next);

// Settings that differ and that a process takes only when it begins: "server.workers".
std::vector<std::string> lasting_settings(const conf::Server& now, const conf::Server& next);

std::string plan_text(const Plan& plan);

}  // namespace weir
