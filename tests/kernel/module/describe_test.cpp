// SPDX-License-Identifier: Apache-2.0
#include "module/describe.hpp"

#include "built_module.hpp"

#include <boost/test/unit_test.hpp>

namespace weir {
namespace {

using test::Source;

struct Fixture {
  test::Folder folder;
  RunFolder run{folder.path};

  // A module with a key of each shape.
  static Source full() {
    Source source;
    source.extra = R"(
struct rule { weir_str to; };
struct conf { int64_t age; weir_list rules; };
static const weir_key rule_keys[] = {
  { "to", "Where to.", NULL, WEIR_TEXT, WEIR_REQUIRED, offsetof(struct rule, to), NULL, NULL, 0, 0 } };
static const weir_schema rule = WEIR_SCHEMA(rule_keys, struct rule);
static const weir_key keys[] = {
  { "age", "How old | or new.", "1h", WEIR_DURATION, WEIR_PER_ROUTE, offsetof(struct conf, age), NULL, NULL, 0, 0 },
  { "rules", "Rules.", NULL, WEIR_TABLE, WEIR_LIST, offsetof(struct conf, rules), NULL, &rule, 0, 0 } };
static const weir_schema schema = WEIR_SCHEMA(keys, struct conf);)";
    source.schema = "&schema";
    return source;
  }

  std::unique_ptr<Image> open(const Source& source) {
    auto file = check_image(test::build(folder, "sample", source.text()));
    if (!file) throw std::runtime_error{file.error().sentence()};
    auto image = Image::open(std::move(*file), run);
    if (!image) throw std::runtime_error{image.error().sentence()};
    return std::move(*image);
  }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(describe, Fixture)

BOOST_AUTO_TEST_CASE(a_list_names_every_module_and_says_why_one_is_refused) {
  test::build(folder, "sample", Source{}.text());
  folder.write("broken.so", "text\n");
  test::build(folder, "other", Source{}.text());
  const auto text = list_modules({folder.path});
  BOOST_TEST(has(text, "name    version  kinds   file\n"), text);
  BOOST_TEST(has(text, "sample  1.0      filter  " + folder.path + "/sample.so\n"), text);
  BOOST_TEST(
      has(text, "broken  -        -       " + folder.path + "/broken.so: not a shared object"),
      text);
  BOOST_TEST(has(text, "other.so: holds the module 'sample'; rename the file to sample.so"), text);
  BOOST_TEST(list_modules({}) == "no modules in any folder\n");
}

BOOST_AUTO_TEST_CASE(info_shows_the_module_its_components_and_their_keys) {
  const auto text = describe_module(*open(full()));
  BOOST_TEST(text.starts_with("sample 1.0\n  file         " + folder.path), text);
  BOOST_TEST(has(text, "needs 1.0\n"), text);
  BOOST_TEST(has(text, "  permissions  none\n"), text);
  BOOST_TEST(has(text, "\nsample: filter, stable (weir.http-filter/1)\n  One.\n"), text);
  BOOST_TEST(has(text, "  key         type"), text);
  BOOST_TEST(has(text, "  age         duration       \"1h\"      How old | or new. Per route.\n"),
             text);
  BOOST_TEST(has(text, "  rules[].to  text           required"), text);
  BOOST_TEST(has(describe_module(*open({})), "  It has no keys.\n"));
}

BOOST_AUTO_TEST_CASE(the_manual_replaces_the_region_between_its_marks) {
  const auto manual = manual_of(*open(full()));
  BOOST_TEST(has(manual, "Kind: filter, stable.\n\n| key |"), manual);
  BOOST_TEST(has(manual, "| `rules[].to` | text |"), manual);
  const std::string readme = "# sample\n<!-- keys -->\nold\n<!-- /keys -->\nrest\n";
  const auto written = with_manual(readme, manual);
  BOOST_REQUIRE(written);
  BOOST_TEST(*written == "# sample\n<!-- keys -->\n" + manual + "<!-- /keys -->\nrest\n");
  BOOST_TEST(*with_manual(*written, manual) == *written);
  BOOST_TEST(with_manual("# sample\n", manual).error().text == "it has no place for the keys");
}

BOOST_AUTO_TEST_CASE(a_difference_is_one_hunk_with_three_lines_around) {
  BOOST_TEST(difference("a\n", "a\n", "x") == "");
  BOOST_TEST(difference("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n", "x") ==
             "--- x\n+++ x\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
  BOOST_TEST(difference("", "new\n", "x") == "--- x\n+++ x\n@@ -0,0 +1,1 @@\n+new\n");
  BOOST_TEST(difference("a\na\n", "a\n", "x") == "--- x\n+++ x\n@@ -1,2 +1,1 @@\n a\n-a\n");
}

BOOST_AUTO_TEST_CASE(lint_finds_nothing_in_a_good_module_and_knows_its_glibc) {
  Source source;
  source.extra =
      "#include <string.h>\nsize_t weir_length(const char *s);\n"
      "size_t weir_length(const char *s) { return strlen(s); }";
  const auto lint = lint_module(test::build(folder, "sample", source.text()));
  BOOST_TEST(lint.findings.empty(), (lint.findings.empty() ? "" : lint.findings[0]));
  BOOST_TEST(lint.glibc.starts_with("2."), lint.glibc);
}

BOOST_AUTO_TEST_CASE(lint_names_further_exports_kernel_symbols_and_a_missing_note) {
  Source source;
  source.note.clear();
  source.extra =
      "extern int weir_log(void);\n__attribute__((visibility(\"default\"))) int open_door(void);\n"
      "int open_door(void) { return weir_log(); }";
  const auto lint = lint_module(test::build(folder, "sample", source.text(), ""));
  std::string all;
  for (const auto& finding : lint.findings) all += finding + "\n";
  BOOST_TEST(has(all, "has no weir note"), all);
  BOOST_TEST(has(all, "expects weir_log of the kernel, which exports nothing"), all);
  BOOST_TEST(has(all, "exports more than weir_module_v1: open_door; link with exports.map"), all);
  const auto bare =
      lint_module(test::build(folder, "bare", "int main_part;", "-fvisibility=default"));
  BOOST_TEST(has(bare.findings.at(1), "exports no weir_module_v1"));
}

BOOST_AUTO_TEST_CASE(lint_names_unique_symbols) {
  const auto source =
      folder.write("unique.cpp",
                   "#include <weir/module.h>\n"
                   "inline int shared() { static int count; return ++count; }\n"
                   "WEIR_EXPORT const weir_module* WEIR_ENTRY() { shared(); return nullptr; }\n");
  const auto target = folder.path + "/unique.so";
  const auto command =
      "g++ -std=c++20 -O0 -fgnu-unique -fPIC -shared -Isdk/include " + source + " -o " + target;
  BOOST_REQUIRE_EQUAL(std::system(command.c_str()), 0);
  std::string all;
  for (const auto& finding : lint_module(target).findings) all += finding + "\n";
  BOOST_TEST(has(all, "the unique symbol _ZZ6sharedvE5count would be shared with other modules"),
             all);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir
