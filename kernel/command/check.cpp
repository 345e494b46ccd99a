// SPDX-License-Identifier: Apache-2.0
//
// weir check: everything that is wrong with a file, in one run.
#include "command/arguments.hpp"
#include "command/command.hpp"
#include "command/file_tests.hpp"
#include "command/missing_modules.hpp"
#include "command/process.hpp"
#include "command/terminal.hpp"
#include "conf/model.hpp"
#include "conf/report.hpp"
#include "serve/generation.hpp"

#include <cstddef>
#include <iostream>
#include <memory>
#include <string>

namespace weir {
namespace {

constexpr Option options[] = {
    {"config", 'c', "FILE"},
    {"json"},
    {"fix"},
};

constexpr const char* manual = R"(weir check: says all that is wrong with a file, in one run

usage: weir check [FILE] [--json] [--fix]

  FILE      the configuration; default /etc/weir/weir.toml
  --json    findings as a JSON array on standard output
  --fix     adds modules that are used and not listed to modules = [...], and checks again

Syntax, keys, values, modules, filters, routes that get in each other's way, and the [[test]]
tables are checked as `weir run` would do it; nothing listens, and nothing is sent.

exit status: 0 good, 1 the file is wrong, 2 the world is wrong (such as a missing file)

examples:
  weir check weir.toml
  weir check --fix weir.toml
  weir check --json weir.toml | jq '.[].message'
)";

// A generation and what was found in it.
struct Checked {
  std::shared_ptr<Generation> generation;
  conf::Report report;
};

Checked check(Process& process, const std::string& file) {
  Checked checked;
  checked.generation = process.read_file(file, checked.report);
  if (checked.generation != nullptr && checked.report.errors() == 0) {
    run_file_tests(checked.generation, process.names(), checked.report);
  }
  return checked;
}

std::string counted(size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

void praise(const std::string& file, const conf::Model& model) {
  std::cout << file << " is good: " << counted(model.listeners.size(), "listener") << ", "
            << counted(model.routes.size(), "route") << ", "
            << counted(model.upstreams.size(), "upstream") << ", "
            << counted(model.modules.size(), "module");
  if (!model.tests.empty()) std::cout << ", " << counted(model.tests.size(), "test");
  std::cout << '\n';
}

// True when the file was changed.
bool fix(const Checked& checked, std::ostream& out, conf::Report& report) {
  if (checked.generation == nullptr) return false;
  const auto missing = missing_modules(*checked.generation);
  if (missing.empty()) {
    out << "nothing to fix: no module is missing in modules\n";
    return false;
  }
  const auto fixed = list_modules_in_file(*checked.generation, missing);
  if (!fixed) {
    report.world({}, fixed.error().text);
    return false;
  }
  out << *fixed << ": added ";
  for (const std::string& name : missing) {
    out << (name == missing[0] ? "\"" : ", \"") << name << '"';
  }
  out << " to modules\n";
  return true;
}

int run(const Arguments& arguments) {
  arguments.expect_words(0, 1, "one FILE");
  const bool twice = arguments.has("config") && !arguments.words().empty();
  if (twice) throw WrongUse("two files: check one after the other");
  const std::string file = arguments.words().empty() ? arguments.value("config", default_file)
                                                     : arguments.words().front();
  const bool json = arguments.has("json");
  Process process;
  Checked checked = check(process, file);
  if (arguments.has("fix") && fix(checked, json ? std::cerr : std::cout, checked.report)) {
    checked = check(process, file);
  }
  if (json) {
    std::cout << checked.report.to_json();
  } else {
    print(checked.report);
    if (checked.report.errors() == 0) praise(file, checked.generation->model());
  }
  return checked.report.exit_status();
}

}  // namespace

const Command check_command{"check", "says all that is wrong with a file", manual, options, run,
                            {}};

}  // namespace weir
