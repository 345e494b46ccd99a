// SPDX-License-Identifier: Apache-2.0
//
// Every wrong file in tests/conf/ gives exactly the text beside it. Runs in the root of the tree.
#include "conf/model.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir::conf;

std::string contents(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

// Absolute paths differ from one machine to the next.
std::string without_root(std::string text) {
  const std::string root = std::filesystem::current_path().string() + "/";
  for (size_t at = text.find(root); at != std::string::npos; at = text.find(root)) {
    text.replace(at, root.size(), "{ROOT}/");
  }
  return text;
}

struct Outcome {
  std::string text;
  int status;
};

Outcome check(const std::filesystem::path& path) {
  Report report;
  const auto document = load_file(path.string(), report);
  if (document) read_model(*document, report);
  std::ostringstream out;
  report.print(out, false);
  return {without_root(out.str()), report.exit_status()};
}

BOOST_AUTO_TEST_SUITE(golden)

// WEIR_GOLDEN=write rewrites the expected texts, for review with git diff.
BOOST_AUTO_TEST_CASE(each_mistake_gives_its_exact_message) {
  const char* mode = std::getenv("WEIR_GOLDEN");
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{"tests/conf"}) {
    const std::filesystem::path& path = entry.path();
    if (path.extension() != ".toml") continue;
    ++files;
    const Outcome found = check(path);
    const std::filesystem::path expected = std::filesystem::path{path}.replace_extension(".txt");
    if (mode != nullptr && std::string_view{mode} == "write") std::ofstream{expected} << found.text;
    BOOST_TEST(found.text == contents(expected), path);
    const bool world = contents(path).starts_with("# exit 2\n");
    BOOST_TEST(found.status == (world ? 2 : 1), path);
  }
  BOOST_TEST(files >= 40u);
}

BOOST_AUTO_TEST_CASE(five_mistakes_give_five_messages_in_one_run) {
  Report report;
  const auto document = load_file("tests/conf/five_mistakes.toml", report);
  BOOST_TEST_REQUIRE(document.has_value());
  read_model(*document, report);
  BOOST_TEST(report.errors() == 5u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
