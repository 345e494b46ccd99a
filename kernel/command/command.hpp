// SPDX-License-Identifier: Apache-2.0
//
// The command line: `weir run`, `weir check` and their kin, one function each.
//
// Exit status of every command: 0 good, 1 what was given is wrong, 2 the world is wrong (a port in
// use, a file that is missing), 64 the command line itself (sysexits.h).
//
// Thread: main.
#pragma once

#include <span>

namespace weir {

// `arguments` without the program's name.
int run_command(std::span<char* const> arguments);

}  // namespace weir
