// SPDX-License-Identifier: Apache-2.0
//
// Modules that tests build on the spot, so that each shows one fault in its own few lines.
#pragma once

#include <weir/module.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <stdlib.h>

namespace weir::test {

// A private folder that ends with its owner.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"mkdtemp"};
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream{path + "/" + name, std::ios::binary} << text;
    std::filesystem::permissions(path + "/" + name, std::filesystem::perms{0644});
    return path + "/" + name;
  }

  std::string path;
};

inline std::string contents(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

// C source of a module with one filter; each part can be replaced to be wrong.
struct Source {
  std::string name = "sample";
  std::string version = "\"1.0\"";
  std::string note = "WEIR_NOTE(\"sample\", \"1.0\", \"0\", \"weir.http-filter/1\");";
  std::string minor = "0";
  std::string kind = "weir.http-filter/1";
  std::string ops = "{ .size = sizeof ops, .response = response }";
  std::string schema = "NULL";
  std::string load = "NULL";
  std::string extra;

  std::string text() const {
    return "#include <weir/module.h>\n" + extra + "\n" + note + R"(
static uint32_t response(const weir_call *call) { (void)call; return WEIR_NEXT; }
static const weir_http_filter ops = )" +
           ops + R"(;
static const weir_component only = { .size = sizeof only, .kind = ")" +
           kind + "\", .name = \"" + name + R"(", .doc = "One.", .schema = )" + schema +
           R"(, .ops = &ops };
static const weir_component *const all[] = { &only, NULL };
static const weir_module module = { .size = sizeof module, .minor_required = )" +
           minor + ", .name = \"" + name + "\", .version = " + version +
           R"(, .license = "Apache-2.0",
  .components = all, .load = )" +
           load + R"( };
WEIR_EXPORT const weir_module *WEIR_ENTRY(void) { (void)response; return &module; }
)";
  }
};

// Builds NAME.so in the folder. Expects the working folder to be the root of the tree.
inline std::string build(const Folder& folder, const std::string& name, const std::string& text,
                         const std::string& options = "-Wl,-z,defs") {
  const auto source = folder.write(name + ".c", text);
  const auto target = folder.path + "/" + name + ".so";
  const auto command = "cc -std=c11 -fPIC -shared -fvisibility=hidden -Isdk/include " + source +
                       " -o " + target + " " + options;
  if (std::system(command.c_str()) != 0) throw std::runtime_error{command};
  std::filesystem::permissions(target, std::filesystem::perms{0755});
  return target;
}

}  // namespace weir::test
