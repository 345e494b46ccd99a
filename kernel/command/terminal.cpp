// SPDX-License-Identifier: Apache-2.0
#include "command/terminal.hpp"

#include "conf/report.hpp"

#include <cstdlib>
#include <iostream>
#include <string_view>

#include <unistd.h>

namespace weir {

bool wants_colour(int descriptor) {
  const char* const refused = std::getenv("NO_COLOR");
  if (refused != nullptr && *refused != '\0') return false;
  const char* const terminal = std::getenv("TERM");
  return terminal != nullptr && std::string_view(terminal) != "dumb" && ::isatty(descriptor) == 1;
}

void print(const conf::Report& report) {
  std::cout.flush();
  report.print(std::cerr, wants_colour(STDERR_FILENO));
}

}  // namespace weir
