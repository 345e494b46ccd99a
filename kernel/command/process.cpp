// SPDX-License-Identifier: Apache-2.0
#include "command/process.hpp"

#include "chain/request_words.hpp"
#include "conf/file.hpp"
#include "conf/report.hpp"
#include "crash/handler.hpp"
#include "host/host.hpp"
#include "serve/generation.hpp"

#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): secure_getenv

namespace weir {

namespace {

// WEIR_QUARANTINE=a,b: modules that are not to be called, since they crashed.
std::set<std::string> quarantined_modules() {
  std::set<std::string> names;
  const char* const list = ::secure_getenv("WEIR_QUARANTINE");
  std::istringstream stream(list == nullptr ? "" : list);
  for (std::string name; std::getline(stream, name, ',');) names.insert(name);
  return names;
}

}  // namespace

Process::Process() : images_(Host::table(names_)) {
  install_crash_handler(read_exchange);
  images_.quarantine(quarantined_modules());
}

std::shared_ptr<Generation> Process::read_file(const std::string& path, conf::Report& report,
                                               const Generation* previous) {
  auto document = conf::load_file(path, report);
  return document ? read(std::move(*document), report, previous) : nullptr;
}

std::shared_ptr<Generation> Process::read(conf::Document document, conf::Report& report,
                                          const Generation* previous) {
  return Generation::build(std::move(document), images_, names_, report, previous);
}

std::shared_ptr<Generation> Process::read_text(const std::string& name, std::string text,
                                               conf::Report& report, const Generation* previous) {
  auto document = conf::load_text(name, std::move(text), report);
  return document ? read(std::move(*document), report, previous) : nullptr;
}

}  // namespace weir
