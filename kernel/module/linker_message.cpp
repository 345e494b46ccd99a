// SPDX-License-Identifier: Apache-2.0
//
// The messages of the dynamic linker (glibc), put into words with a way out.
#include "module/image.hpp"
#include "module/refusal.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <cxxabi.h>

namespace weir {

namespace {

// The Debian package of a library: policy derives it from the soname, a few are older than that.
std::string package_of(std::string_view soname) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> exceptions{{
      {"libz.so.1", "zlib1g"},
      {"libcrypto.so.3", "libssl3"},
      {"libbrotlienc.so.1", "libbrotli1"},
      {"libbrotlidec.so.1", "libbrotli1"},
      {"libbrotlicommon.so.1", "libbrotli1"},
  }};
  for (const auto& [name, package] : exceptions) {
    if (name == soname) return std::string{package};
  }
  const auto mark = soname.find(".so.");
  if (mark == soname.npos || mark == 0) return {};
  std::string package{soname.substr(0, mark)};
  if (std::isdigit(static_cast<unsigned char>(package.back())) != 0) package += '-';
  package += soname.substr(mark + 4);
  std::ranges::transform(package, package.begin(), [](unsigned char c) {
    return c == '_' ? '-' : static_cast<char>(std::tolower(c));
  });
  return package;
}

std::string demangled(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name{
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), &std::free};
  return status == 0 ? name.get() : symbol;
}

LoadRefusal missing_library(const std::string& library) {
  const auto package = package_of(library);
  return {"needs the library " + library + ", which is not installed",
          package.empty() ? "install it" : "try: apt install " + package};
}

LoadRefusal missing_symbol(const std::string& symbol) {
  const bool ours = symbol.starts_with("weir_");
  return {"uses " + demangled(symbol) + ", which none of its libraries has",
          ours ? "weir exports nothing: fetch services with weir_host.get"
               : "link the module to the library that has it (target_link_libraries)"};
}

}  // namespace

LoadRefusal explain_linker(std::string message, const std::string& copy) {
  if (const auto at = message.find(copy + ": "); at == 0) message.erase(0, copy.size() + 2);
  constexpr std::string_view missing = ": cannot open shared object file: No such file";
  if (const auto at = message.find(missing); at != message.npos) {
    return missing_library(message.substr(0, at));
  }
  constexpr std::string_view undefined = "undefined symbol: ";
  if (const auto at = message.find(undefined); at != message.npos) {
    const auto start = at + undefined.size();
    return missing_symbol(message.substr(start, message.find_first_of(" ,(", start) - start));
  }
  if (message.find("failed to map segment") != message.npos) {
    return {"code cannot be mapped from " + copy + ": is that file system mounted noexec?",
            "set XDG_RUNTIME_DIR to a folder on another one"};
  }
  if (message.find("version `GLIBC") != message.npos) {
    return {"built for a newer C library: " + message, "build the module on this release"};
  }
  return {"cannot be mapped: " + message, "build the module again with weir_add_module"};
}

}  // namespace weir
