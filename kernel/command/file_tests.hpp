// SPDX-License-Identifier: Apache-2.0
//
// Runs the [[test]] tables of a file: each a request, and what must become of it.
//
// Thread: control.
#pragma once

#include "serve/dry_run.hpp"

#include <memory>
#include <optional>
#include <string>

namespace weir {

// A failed test is an error at its place: what was expected and what came.
void run_file_tests(const std::shared_ptr<Generation>& generation, Names& names,
                    conf::Report& report);

// "404 (no_route: no route fits the request)", or that an endpoint decides.
std::string answer_text(const DryResult& result);

}  // namespace weir
