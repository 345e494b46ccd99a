// SPDX-License-Identifier: Apache-2.0
//
// Edits of a conf file's text that leave everything else as it is: comments, blanks, line ends.
//
// Thread: any.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace weir::conf {

// Adds a name to `modules = [...]`, or puts such a line on top (below a leading comment) where
// there is none. A name that is listed already changes nothing. Fails when `modules` is not a list.
Result<std::string> add_module(std::string_view text, std::string_view name);

}  // namespace weir::conf
