// SPDX-License-Identifier: Apache-2.0
//
// `weir module lint`: judges a module file as data.
#include "module/describe.hpp"
#include "module/elf.hpp"
#include "module/note.hpp"
#include "module/trust.hpp"

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

namespace {

void judge_symbols(const Elf& elf, Lint& lint) {
  bool entry = false;
  std::string further;
  for (const auto& symbol : elf.symbols()) {
    if (!symbol.defined) {
      if (symbol.name.starts_with("weir_")) {
        lint.findings.push_back("expects " + symbol.name +
                                " of the kernel, which exports nothing; fetch services with "
                                "weir_host.get");
      }
    } else if (symbol.name == "weir_module_v1") {
      entry = true;
    } else if (symbol.unique) {
      lint.findings.push_back("the unique symbol " + symbol.name +
                              " would be shared with other modules; link with exports.map "
                              "(weir_add_module does)");
    } else {
      further += (further.empty() ? "" : ", ") + symbol.name;
    }
  }
  if (!entry) lint.findings.emplace_back("exports no weir_module_v1; end it with WEIR_MODULE");
  if (!further.empty()) {
    lint.findings.push_back("exports more than weir_module_v1: " + further +
                            "; link with exports.map (weir_add_module does)");
  }
}

unsigned number(std::string_view text) {
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// "2.34" as 2034, so that versions compare; 0: no version.
unsigned rank(std::string_view version) {
  const auto dot = version.find('.');
  if (dot == version.npos) return 0;
  const unsigned major = number(version.substr(0, dot));
  const unsigned minor = number(version.substr(dot + 1));
  return major > 1000 || minor > 999 ? 0 : major * 1000 + minor;
}

std::string highest_glibc(const Elf& elf) {
  constexpr std::string_view label = "GLIBC_";
  std::string highest;
  for (const auto& name : elf.needed_versions()) {
    if (!name.starts_with(label)) continue;
    const auto version = name.substr(label.size());
    if (rank(version) > rank(highest)) highest = version;
  }
  return highest;
}

}  // namespace

Lint lint_module(const std::string& path) {
  Lint lint;
  const auto file = read_trusted(path);
  if (!file) {
    lint.findings.push_back(file.error().sentence());
    return lint;
  }
  const auto elf = Elf::parse(file->bytes);
  if (!elf) {
    lint.findings.push_back(elf.error().sentence());
    return lint;
  }
  auto note = read_note(*elf);
  if (note) note = accept_note(std::move(*note));
  if (!note) lint.findings.push_back(note.error().sentence());
  judge_symbols(*elf, lint);
  lint.glibc = highest_glibc(*elf);
  return lint;
}

}  // namespace weir
