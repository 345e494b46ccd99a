// SPDX-License-Identifier: Apache-2.0
//
// How findings reach a person: colours where a terminal shows them, and nowhere else.
//
// Thread: main.
#pragma once

#include "conf/report.hpp"

namespace weir {

// Whether colours may be written there: it is a terminal, and NO_COLOR (no-color.org) is not set.
bool wants_colour(int descriptor);

// To standard error; nothing when there are no findings.
void print(const conf::Report& report);

}  // namespace weir
