// SPDX-License-Identifier: Apache-2.0
#include "conf/report.hpp"

#include <sstream>

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir::conf;

struct Fixture {
  Source source{"weir.toml", "/etc/weir/", "[upstream.api]\nheath_check = 1\n\tx\t= 2\n"};
  Report report;

  std::string printed(bool colour = false) const {
    std::ostringstream out;
    report.print(out, colour);
    return out.str();
  }
};

BOOST_FIXTURE_TEST_SUITE(report, Fixture)

BOOST_AUTO_TEST_CASE(nothing_found_prints_nothing) {
  BOOST_TEST(printed() == "");
  BOOST_TEST(report.to_json() == "[]\n");
  BOOST_TEST(report.exit_status() == 0);
}

BOOST_AUTO_TEST_CASE(a_finding_shows_its_line_and_a_way_out) {
  report.error({&source, 2, 1, 11}, "unknown key 'heath_check' in [upstream.api]",
               "did you mean 'health_check'?");
  BOOST_TEST(printed() ==
             "error: unknown key 'heath_check' in [upstream.api]\n"
             "  --> weir.toml:2:1\n"
             "2 | heath_check = 1\n"
             "  | ^^^^^^^^^^^ did you mean 'health_check'?\n"
             "1 error in weir.toml\n");
}

BOOST_AUTO_TEST_CASE(tabs_before_the_caret_are_kept) {
  report.error({&source, 3, 4, 1}, "x");
  BOOST_TEST(printed().find("3 | \tx\t= 2\n  | \t \t^\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(findings_come_in_the_order_of_the_file) {
  report.warning({&source, 3, 2, 1}, "third");
  report.error({&source, 2, 5, 1}, "second");
  report.note({&source, 1, 1, 1}, "first");
  report.error({}, "last, for it stands nowhere", "a way out");
  const std::string text = printed();
  BOOST_TEST(text.find("first") < text.find("second"));
  BOOST_TEST(text.find("second") < text.find("third"));
  BOOST_TEST(
      text.ends_with("error: last, for it stands nowhere\n  = a way out\n"
                     "2 errors, 1 warning in weir.toml\n"));
}

BOOST_AUTO_TEST_CASE(the_exit_status_tells_a_wrong_file_from_a_wrong_world) {
  report.warning({}, "only a warning");
  BOOST_TEST(report.exit_status() == 0);
  report.world({}, "the port is taken");
  BOOST_TEST(report.exit_status() == 2);
  report.error({}, "wrong key");
  BOOST_TEST(report.exit_status() == 1);
}

BOOST_AUTO_TEST_CASE(colours_come_only_when_asked_for) {
  report.error({&source, 1, 1, 3}, "x");
  BOOST_TEST(printed(false).find('\033') == std::string::npos);
  BOOST_TEST(printed(true).find("\033[1;31merror: ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(control_characters_never_reach_the_terminal) {
  const Source hostile{"\033]0;x\a.toml", "/", "a = \"\033[2J\"\n"};
  report.unknown_name({&hostile, 1, 5, 3}, "upstream", "\033[2J\r\n", {});
  BOOST_TEST(printed().find_first_of("\033\a\r") == std::string::npos);
  BOOST_TEST(report.to_json().find('\033') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_long_line_is_cut_around_the_place) {
  const Source wide{"weir.toml", "/", std::string(300, 'a') + "BAD" + std::string(300, 'b')};
  report.error({&wide, 1, 301, 3}, "x");
  const std::string text = printed();
  const size_t caret = text.find("^^^"), bad = text.find("BAD");
  BOOST_TEST_REQUIRE(bad != std::string::npos);
  BOOST_TEST(bad - text.rfind('\n', bad) == caret - text.rfind('\n', caret));
  BOOST_TEST(text.find("...") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(json_holds_the_same) {
  report.conflict({&source, 2, 1, 3}, "a \"b\"", {&source, 1, 1, 2}, "there");
  BOOST_TEST(report.to_json() ==
             "[\n {\"level\":\"error\",\"world\":false,\"message\":\"a \\\"b\\\"\",\"hint\":\"\","
             "\"file\":\"weir.toml\",\"line\":2,\"column\":1,\"length\":3,\"other\":{\"file\":"
             "\"weir.toml\","
             "\"line\":1,\"column\":1,\"length\":2,\"message\":\"there\"}}\n]\n");
}

BOOST_AUTO_TEST_CASE(slips_are_matched_to_the_nearest_name) {
  const std::vector<std::string> known{"balancer", "endpoints", "health_check", "host"};
  BOOST_TEST(nearest("ballancer", known) == "balancer");
  BOOST_TEST(nearest("heath_check", known) == "health_check");
  BOOST_TEST(nearest("hots", known) == "host");
  BOOST_TEST(nearest("end", known) == "endpoints");
  BOOST_TEST(nearest("colour", known) == "");
  BOOST_TEST(suggestion("colour", known) == "known: balancer, endpoints, health_check, host");
  BOOST_TEST(suggestion("x", {}) == "there is none");
}

BOOST_AUTO_TEST_CASE(many_names_are_not_all_listed) {
  std::vector<std::string> known;
  for (int i = 0; i < 20; ++i) known.push_back("upstream_number_" + std::to_string(i));
  BOOST_TEST(suggestion("x", known).ends_with(" and 12 more"));
}

BOOST_AUTO_TEST_CASE(readable_text_is_short_and_valid) {
  BOOST_TEST(readable("a\xFF\n\xC2\x9B") == "a???");
  BOOST_TEST(readable(std::string(200, 'x')) == std::string(80, 'x') + "...");
  BOOST_TEST(json_string("a\xFF\x01") == "\"a\xEF\xBF\xBD\\u0001\"");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
