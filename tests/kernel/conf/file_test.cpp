// SPDX-License-Identifier: Apache-2.0
#include "conf/file.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <boost/test/unit_test.hpp>
#include <sys/stat.h>

namespace {

using namespace weir::conf;

// A folder of the test's own, gone with it.
struct Fixture {
  Fixture() {
    std::string name = (std::filesystem::temp_directory_path() / "weir_conf_XXXXXX").string();
    BOOST_TEST_REQUIRE(mkdtemp(name.data()) != nullptr);
    folder = name;
  }
  ~Fixture() { std::filesystem::remove_all(folder); }

  std::string write(const std::string& name, std::string_view text) const {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream{folder / name, std::ios::binary} << text;
    return (folder / name).string();
  }
  std::string messages() const {
    std::string out;
    for (const Finding& finding : report.findings()) out += finding.message + "\n";
    return out;
  }

  std::filesystem::path folder;
  Report report;
};

BOOST_FIXTURE_TEST_SUITE(file, Fixture)

BOOST_AUTO_TEST_CASE(nodes_know_their_places_in_the_order_of_the_file) {
  const auto document =
      load_text("t", "z = 1\n\"ü\" = \"ß\"  # c\na.b = [true, 2.5]\n[c]\n", report);
  BOOST_TEST_REQUIRE(document.has_value());
  const auto children = document->root().children();
  BOOST_TEST_REQUIRE(children.size() == 4u);
  BOOST_TEST(children[0].key() == "z");
  BOOST_TEST(children[1].text() == "ß");
  BOOST_TEST(children[1].key_place().length == 3u);
  BOOST_TEST(children[1].place().column == 7u);
  const Node& list = *children[2].find("b");
  BOOST_TEST(list.place().line == 3u);
  BOOST_TEST(list.children()[1].real() == 2.5);
  BOOST_TEST(list.children()[0].boolean());
  BOOST_TEST(children[3].place().line == 4u);
  BOOST_TEST(children[3].find("x") == nullptr);
}

BOOST_AUTO_TEST_CASE(a_piece_of_a_text_is_found_behind_escapes) {
  const auto document = load_text("t", "a = \"x\\u00fcy{bad}\"\nb = 'c{bad}'\n", report);
  const Place escaped = document->root().find("a")->inside(5, 3);  // x, two bytes of ü, y, {
  BOOST_TEST(escaped.column == 15u);
  BOOST_TEST(escaped.length == 3u);
  BOOST_TEST(document->root().find("b")->inside(2, 3).column == 8u);
}

BOOST_AUTO_TEST_CASE(large_tables_are_searched_by_name) {
  std::string text;
  for (int i = 100; i > 0; --i) text += "k" + std::to_string(i) + " = " + std::to_string(i) + "\n";
  const auto document = load_text("t", text, report);
  BOOST_TEST(document->root().children()[0].key() == "k100");
  for (int i = 1; i <= 100; ++i) {
    BOOST_TEST(document->root().find("k" + std::to_string(i))->integer() == i);
  }
  BOOST_TEST(document->root().find("k") == nullptr);
}

BOOST_AUTO_TEST_CASE(columns_behind_a_mended_value_stay_true) {
  const auto document = load_text("t", "a = { b = 30s, c = yes, d = 1 }\n", report);
  BOOST_TEST_REQUIRE(document.has_value());
  BOOST_TEST(report.errors() == 2u);
  const Node& table = *document->root().find("a");
  BOOST_TEST(table.find("b")->text() == "30s");
  BOOST_TEST(table.find("b")->place().column == 11u);
  BOOST_TEST(table.find("b")->place().length == 3u);
  BOOST_TEST(table.find("c")->place().column == 20u);
  BOOST_TEST(table.find("d")->key_place().column == 25u);
  BOOST_TEST(table.find("d")->place().column == 29u);
}

BOOST_AUTO_TEST_CASE(a_file_with_something_missing_is_no_document) {
  BOOST_TEST(!load_text("t", "a = [1,\n", report).has_value());
  BOOST_TEST(report.errors() == 1u);
}

BOOST_AUTO_TEST_CASE(included_files_are_merged_in_the_order_of_their_names) {
  write("conf.d/b.toml", "[[route]]\nto = \"b\"\n[upstream.b]\nx = 1\n");
  write("conf.d/a.toml", "[[route]]\nto = \"a\"\n[server.log]\nlevel = \"info\"\n");
  write("conf.d/.hidden.toml", "not toml at all");
  write("conf.d/other.txt", "nor this");
  const std::string main = write("weir.toml",
                                 "include = \"conf.d/*.toml\"\n[server]\nworkers = 1\n"
                                 "[[route]]\nto = \"main\"\n[upstream.a]\nx = 1\n");
  const auto document = load_file(main, report);
  BOOST_TEST(messages() == "");
  const auto routes = document->root().find("route")->children();
  BOOST_TEST_REQUIRE(routes.size() == 3u);
  BOOST_TEST(routes[0].find("to")->text() == "main");
  BOOST_TEST(routes[1].find("to")->text() == "a");
  BOOST_TEST(routes[2].find("to")->place().source->folder() == (folder / "conf.d/").string());
  BOOST_TEST(document->root().find("upstream")->children().size() == 2u);
  BOOST_TEST(document->root().find("server")->find("log") != nullptr);
}

BOOST_AUTO_TEST_CASE(a_name_in_two_files_is_reported_with_both_places) {
  write("b.toml", "[upstream.a]\nx = 2\n[server]\nworkers = 2\n");
  const std::string main =
      write("weir.toml", "include = [\"b.toml\"]\n[upstream.a]\nx = 1\n[server]\nworkers = 1\n");
  load_file(main, report);
  BOOST_TEST_REQUIRE(report.findings().size() == 2u);
  BOOST_TEST(messages() == "[upstream.a] is written twice\n'server.workers' is written twice\n");
  BOOST_TEST(report.findings()[0].at.file == (folder / "b.toml").string());
  BOOST_TEST(report.findings()[0].other.line == 2u);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_the_worlds_fault) {
  BOOST_TEST(!load_file((folder / "none.toml").string(), report).has_value());
  BOOST_TEST(!load_file(folder.string(), report).has_value());
  BOOST_TEST(report.exit_status() == 2);
  BOOST_TEST(report.errors() == 2u);
}

BOOST_AUTO_TEST_CASE(bounds_hold) {
  BOOST_TEST(!load_text("t", "a = " + std::string(100, '['), report).has_value());
  std::string dotted = "[a";
  for (int i = 0; i < 100000; ++i) dotted += ".a";
  BOOST_TEST(!load_text("t", dotted + "]\n", report).has_value());
  BOOST_TEST(messages() == "nested deeper than 32 levels\nnested deeper than 32 levels\n");
  const std::string large = write("large.toml", std::string(largest_file + 1, '#'));
  BOOST_TEST(!load_file(large, report).has_value());
  BOOST_TEST(report.findings().back().message.ends_with("is larger than 16 MiB"));
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_and_crlf_are_fine) {
  const std::string main = write("weir.toml",
                                 "\xEF\xBB\xBF"
                                 "a = 1\r\nb = 2\r\n");
  const auto document = load_file(main, report);
  BOOST_TEST_REQUIRE(document.has_value());
  BOOST_TEST(document->root().find("b")->integer() == 2);
  BOOST_TEST(document->main().line(1) == "a = 1");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
