// SPDX-License-Identifier: Apache-2.0
#include "command/process.hpp"

#include "conf/file.hpp"
#include "conf/report.hpp"
#include "host/host.hpp"
#include "serve/generation.hpp"

#include <memory>
#include <string>
#include <utility>

namespace weir {

Process::Process() : images_(Host::table(names_)) {}

std::shared_ptr<Generation> Process::read_file(const std::string& path, conf::Report& report,
                                               const Generation* previous) {
  auto document = conf::load_file(path, report);
  if (!document) return nullptr;
  return Generation::build(std::move(*document), images_, names_, report, previous);
}

std::shared_ptr<Generation> Process::read_text(const std::string& name, std::string text,
                                               conf::Report& report, const Generation* previous) {
  auto document = conf::load_text(name, std::move(text), report);
  if (!document) return nullptr;
  return Generation::build(std::move(*document), images_, names_, report, previous);
}

}  // namespace weir
