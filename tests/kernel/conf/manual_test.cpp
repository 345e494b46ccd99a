// SPDX-License-Identifier: Apache-2.0
//
// conf/README.md shows the kernel's keys as they are. Runs in the root of the tree.
#include "conf/describe.hpp"
#include "conf/kernel_keys.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir::conf;

constexpr const char* manual_path = "conf/README.md";

#define WEIR_NAME(id, text) text,
constexpr const char* attribute_names[] = {WEIR_ATTRIBUTE_NAMES(WEIR_NAME)};
#undef WEIR_NAME

std::string manual() {
  std::ifstream file{manual_path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

// Limits have tables of their own, with one column more.
std::string server_table() {
  std::istringstream rows{key_table(server_schema)};
  std::string out;
  for (std::string row; std::getline(rows, row);) {
    if (!row.starts_with("| `limits.") && !row.starts_with("| `timeouts.")) out += row + "\n";
  }
  return out;
}

// Replaces what stands between <!-- keys NAME --> and <!-- /keys -->; false when there is no such
// place.
bool put(std::string& text, const std::string& name, const std::string& table) {
  const std::string begin = "<!-- keys " + name + " -->\n", end = "<!-- /keys -->";
  const size_t at = text.find(begin);
  if (at == std::string::npos) return false;
  const size_t from = at + begin.size(), to = text.find(end, from);
  if (to == std::string::npos) return false;
  text.replace(from, to - from, table);
  return true;
}

BOOST_AUTO_TEST_SUITE(manuals)

// WEIR_GOLDEN=write puts the tables into the manual.
BOOST_AUTO_TEST_CASE(the_manual_shows_every_key_of_the_kernel_as_it_is) {
  const std::string before = manual();
  std::string text = before;
  BOOST_TEST(put(text, "server", server_table()));
  BOOST_TEST(put(text, "limits", limit_table(limit_rows())));
  BOOST_TEST(put(text, "timeouts", limit_table(timeout_rows())));
  BOOST_TEST(put(text, "listener", key_table(listener_schema)));
  BOOST_TEST(put(text, "route", key_table(route_schema)));
  BOOST_TEST(put(text, "upstream", key_table(upstream_schema)));
  BOOST_TEST(put(text, "endpoint", key_table(endpoint_schema)));
  BOOST_TEST(put(text, "instance", key_table(instance_keys_schema)));
  BOOST_TEST(put(text, "module", key_table(module_schema)));
  BOOST_TEST(put(text, "test", key_table(test_schema)));
  const char* mode = std::getenv("WEIR_GOLDEN");
  if (mode != nullptr && std::string_view{mode} == "write") {
    std::ofstream{manual_path} << text;
  } else {
    BOOST_TEST((text == before),
               "conf/README.md differs from the schemas; WEIR_GOLDEN=write mends it");
  }
}

BOOST_AUTO_TEST_CASE(the_manual_names_every_attribute) {
  const std::string text = manual();
  for (const std::string name : attribute_names) {
    BOOST_TEST((text.find("`" + name + "`") != std::string::npos), name);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
