// SPDX-License-Identifier: Apache-2.0
//
// The command line: one Command for each thing weir can be told to do, found by name.
//
// Exit status of all of them: 0 good, 1 what was given is wrong, 2 the world is wrong (a port in
// use, a file that is missing), 64 the command line itself is (sysexits.h).
//
// Thread: main.
#pragma once

#include "command/arguments.hpp"

#include <span>
#include <string_view>

namespace weir {

enum ExitStatus : int { all_good = 0, wrong_input = 1, wrong_world = 2, wrong_use = 64 };

inline constexpr std::string_view default_file = "/etc/weir/weir.toml";

struct Command {
  const char* name;
  const char* summary;  // one line of `weir --help`
  const char* manual;   // what --help prints: usage, options, examples
  std::span<const Option> options;
  int (*run)(const Arguments& arguments);  // nullptr: it has commands of its own
  std::span<const Command* const> commands;
};

// One file each.
extern const Command run_command;
extern const Command check_command;
extern const Command explain_command;
extern const Command module_command;
extern const Command config_command;
extern const Command reload_command;
extern const Command plan_command;
extern const Command status_command;
extern const Command upgrade_command;
extern const Command ctl_command;

// Runs what the command line says and gives the exit status. `words` are without the program's
// name.
int run_weir(std::span<char* const> words);

}  // namespace weir
