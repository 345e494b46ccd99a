// SPDX-License-Identifier: Apache-2.0
#include "command/command.hpp"

#include <iostream>
#include <memory>
#include <string_view>
#include <utility>

#include "conf/file.hpp"
#include "host/host.hpp"
#include "serve/generation.hpp"
#include "serve/server.hpp"

namespace weir {

int run_command(std::span<char* const> arguments) {
  if (arguments.size() != 3) return 64;
  conf::Report report;
  auto document = conf::load_file(arguments[2], report);
  Names names;
  Images images(Host::table(names));
  std::shared_ptr<Generation> generation;
  if (document) generation = Generation::build(std::move(*document), images, names, report);
  report.print(std::cerr, false);
  if (report.errors() > 0 || generation == nullptr) return report.exit_status();
  return Server(generation, names).run();
}

}  // namespace weir
