// SPDX-License-Identifier: Apache-2.0
//
// Which modules a file uses and does not list, and the repair of that one mistake: `modules =
// [...]` is the only thing that loads code, so nothing else may be guessed at.
//
// Thread: control.
#pragma once

#include "base/result.hpp"
#include "serve/generation.hpp"

#include <string>
#include <vector>

namespace weir {

// Names of installed modules whose components are used and which are not loaded, in the order of
// the file.
std::vector<std::string> missing_modules(const Generation& generation);

// Adds them to the file in which `modules` is written, else to the main file, and gives that
// file's name. The old file is replaced in one step.
Result<std::string> list_modules_in_file(const Generation& generation,
                                         const std::vector<std::string>& names);

}  // namespace weir
