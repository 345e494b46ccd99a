// SPDX-License-Identifier: Apache-2.0
//
// weir module: what modules there are, and what one says of itself.
#include "command/arguments.hpp"
#include "command/command.hpp"
#include "conf/report.hpp"
#include "module/describe.hpp"
#include "module/image.hpp"
#include "module/refusal.hpp"
#include "module/registry.hpp"
#include "module/run_folder.hpp"

#include <array>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

namespace weir {
namespace {

int refused(const LoadRefusal& refusal) {
  std::cerr << "weir module: " << refusal.sentence() << '\n';
  return wrong_input;
}

// "headers", "./headers.so" or "build/headers.so"
Loaded<std::string> path_of(const std::string& text) {
  const bool is_path = text.find('/') != text.npos || text.ends_with(".so");
  return is_path ? Loaded<std::string>(text) : find_module(text, module_folders());
}

// The module mapped and checked, not started.
Loaded<std::unique_ptr<Image>> open(const std::string& text, RunFolder& folder) {
  const auto path = path_of(text);
  if (!path) return path.error();
  auto file = check_image(*path);
  if (!file) return file.error();
  return Image::open(std::move(*file), folder);
}

int list(const Arguments& arguments) {
  arguments.expect_words(0, 0, "");
  std::cout << list_modules(module_folders());
  return all_good;
}

int info(const Arguments& arguments) {
  arguments.expect_words(1, 1, "one module: NAME or FILE.so");
  RunFolder folder;
  const auto image = open(arguments.words()[0], folder);
  if (!image) return refused(image.error());
  std::cout << describe_module(**image);
  return all_good;
}

int cannot(const char* what, const std::string& file) {
  std::cerr << "weir module: cannot " << what << ' ' << conf::readable(file) << '\n';
  return wrong_world;
}

// `changed` is the README with the keys of the code.
int write(const std::string& readme, const std::string& changed) {
  std::ofstream out(readme, std::ios::binary | std::ios::trunc);
  out << changed;
  out.close();
  return out ? all_good : cannot("write", readme);
}

int compare(const std::string& readme, const std::string& before, const std::string& after,
            const std::string& module) {
  const std::string changes = difference(before, after, readme);
  if (changes.empty()) return all_good;
  std::cout << changes;
  std::cerr << "weir module: " << readme << " differs from the module's keys; repair it with\n"
            << "weir module manual " << module << " --write " << readme << '\n';
  return wrong_input;
}

int manual(const Arguments& arguments) {
  arguments.expect_words(1, 1, "one module: NAME or FILE.so");
  const bool check = arguments.has("check"), writes = arguments.has("write");
  if (check && writes) throw WrongUse("either --check or --write");
  RunFolder folder;
  const std::string& module = arguments.words()[0];
  const auto image = open(module, folder);
  if (!image) return refused(image.error());
  const std::string text = manual_of(**image);
  if (!check && !writes) return std::cout << text, all_good;

  const std::string readme = arguments.value(check ? "check" : "write");
  std::ifstream in(readme, std::ios::binary);
  const std::string before{std::istreambuf_iterator<char>(in), {}};
  if (!in) return cannot("read", readme);
  const auto after = with_manual(before, text);
  if (!after) return refused({readme + ": " + after.error().text, after.error().hint});
  return check ? compare(readme, before, *after, module) : write(readme, *after);
}

int lint(const Arguments& arguments) {
  arguments.expect_words(1, 1, "one module: NAME or FILE.so");
  const auto path = path_of(arguments.words()[0]);
  if (!path) return refused(path.error());
  const Lint lint = lint_module(*path);
  for (const std::string& finding : lint.findings) std::cout << finding << '\n';
  if (lint.findings.empty()) std::cout << *path << " is good\n";
  if (!lint.glibc.empty()) std::cout << "needs GLIBC " << lint.glibc << '\n';
  return lint.findings.empty() ? all_good : wrong_input;
}

constexpr Option manual_options[] = {{"check", 0, "README.md"}, {"write", 0, "README.md"}};

constexpr const char* list_manual = R"(weir module list: the modules that a file may name

usage: weir module list

Looks in the folders of $WEIR_MODULE_PATH (separated by colons), in the folder `modules` beside
the executable, and where modules are installed. Of equal names the first counts. Runs no code of
the modules; a file that would be refused is shown with the reason.
)";

constexpr const char* info_manual = R"(weir module info: what a module is and the keys it takes

usage: weir module info NAME
       weir module info FILE.so

Maps the file as `weir run` would and prints its version, kinds, permissions and key tables.

examples:
  weir module info headers
  weir module info ./acme_waf.so
)";

constexpr const char* manual_manual = R"(weir module manual: the key tables of a module in Markdown

usage: weir module manual FILE.so [--check README.md | --write README.md]

  --check README.md  prints the difference to what stands between <!-- keys --> and
                     <!-- /keys --> there; exit status 1 if there is any
  --write README.md  writes it there
)";

constexpr const char* lint_manual = R"(weir module lint: what keeps a module from living well

usage: weir module lint FILE.so

Further exports, symbols expected of the kernel, unique symbols, a missing note, a file that others
may write. One finding a line, exit status 1 if there is any; and the C library it needs.
)";

constexpr Command list_command{"list", "the modules that a file may name", list_manual, {}, list,
                               {}};
constexpr Command info_command{
    "info", "what a module is and the keys it takes", info_manual, {}, info, {}};
constexpr Command manual_command{
    "manual", "the key tables of a module in Markdown", manual_manual, manual_options, manual, {}};
constexpr Command lint_command{
    "lint", "what keeps a module from living well", lint_manual, {}, lint, {}};
constexpr std::array<const Command*, 4> parts{&list_command, &info_command, &manual_command,
                                              &lint_command};

constexpr const char* overview = R"(weir module: lists modules, and says what one is

usage: weir module list
       weir module info   NAME | FILE.so
       weir module manual FILE.so [--check README.md | --write README.md]
       weir module lint   FILE.so

  list    the modules that a file may name in modules = [...]
  info    version, kinds, permissions and keys of one
  manual  its key tables in Markdown, for its README
  lint    what keeps a module file from living well beside others

More on each: weir help module info
)";

}  // namespace

const Command module_command{
    "module", "lists modules, and says what one is and takes", overview, {}, nullptr, parts};

}  // namespace weir
