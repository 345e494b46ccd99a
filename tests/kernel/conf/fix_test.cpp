// SPDX-License-Identifier: Apache-2.0
#include "conf/fix.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using weir::conf::add_module;

std::string added(std::string_view text) {
  const auto out = add_module(text, "cache");
  return out ? *out : "error: " + out.error().text;
}

BOOST_AUTO_TEST_SUITE(fix)

BOOST_AUTO_TEST_CASE(a_name_goes_behind_the_last_one) {
  BOOST_TEST(added("modules = [\"a\"] # why\nx = 1\n") ==
             "modules = [\"a\", \"cache\"] # why\nx = 1\n");
  BOOST_TEST(added("modules = []\n") == "modules = [\"cache\"]\n");
  BOOST_TEST(added("modules = [\"a\",]\n") == "modules = [\"a\", \"cache\",]\n");
  BOOST_TEST(added("modules=['a','b' ]") == "modules=['a','b', \"cache\" ]");
}

BOOST_AUTO_TEST_CASE(a_list_over_lines_keeps_its_form_and_comments) {
  BOOST_TEST(added("modules = [\n  \"a\",  # first, with ]\n  \"b\"   # last\n]\n") ==
             "modules = [\n  \"a\",  # first, with ]\n  \"b\",   # last\n  \"cache\"\n]\n");
  BOOST_TEST(added("modules = [\n\t\"a\",\n]\n") == "modules = [\n\t\"a\",\n\t\"cache\",\n]\n");
  BOOST_TEST(added("modules = [\r\n  \"a\",\r\n]\r\n") ==
             "modules = [\r\n  \"a\",\r\n  \"cache\",\r\n]\r\n");
  BOOST_TEST(added("modules = [\"a\",\n           \"b\"]\n") ==
             "modules = [\"a\",\n           \"b\",\n           \"cache\"]\n");
}

BOOST_AUTO_TEST_CASE(a_name_that_is_there_changes_nothing) {
  BOOST_TEST(added("modules = [\"a\", \"cache\"]\n") == "modules = [\"a\", \"cache\"]\n");
}

BOOST_AUTO_TEST_CASE(a_missing_line_is_put_on_top) {
  BOOST_TEST(added("[[listener]]\n") == "modules = [\"cache\"]\n\n[[listener]]\n");
  BOOST_TEST(added("# head\n\n[[listener]]\n") ==
             "# head\n\nmodules = [\"cache\"]\n\n[[listener]]\n");
  BOOST_TEST(added("") == "modules = [\"cache\"]\n");
  BOOST_TEST(added("# only a comment") == "# only a comment\nmodules = [\"cache\"]\n");
}

BOOST_AUTO_TEST_CASE(modules_of_another_table_is_another_key) {
  BOOST_TEST(added("[x]\nmodules = [\"a\"]\n") ==
             "modules = [\"cache\"]\n\n[x]\nmodules = [\"a\"]\n");
}

BOOST_AUTO_TEST_CASE(what_is_no_list_is_left_alone) {
  BOOST_TEST(added("modules = \"a\"\n") == "error: modules is not a list");
  BOOST_TEST(added("modules = [\"a\"\n") == "error: the list of modules is not closed");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
