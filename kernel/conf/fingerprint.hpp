// SPDX-License-Identifier: Apache-2.0
//
// Whether two tables, perhaps of two versions of a file, say the same.
//
// Thread: control.
#pragma once

#include "conf/schema.hpp"

#include <string>

namespace weir::conf {

// A text that is equal for tables that mean the same, whatever their layout and comments. Empty:
// what the table means is not in the file alone, since it names another file. `reads_files`: those
// are only read, so that what the system says of them tells whether they have changed.
std::string fingerprint(const weir_schema& schema, const Input& input, bool reads_files = false);

// The same of any node; no file is looked for.
std::string fingerprint(const Node& node);

}  // namespace weir::conf
