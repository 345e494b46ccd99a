// SPDX-License-Identifier: Apache-2.0
#include "conf/path_pattern.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir::conf;

std::string shape(const char* text) {
  const auto pattern = parse_path_pattern(text);
  if (!pattern) return "flaw";
  std::string out;
  for (const PathPattern::Segment& segment : pattern->segments) {
    out += (segment.parameter ? "P:" : "L:") + segment.text + " ";
  }
  return out + (pattern->prefix ? "prefix" : "exact");
}

BOOST_AUTO_TEST_SUITE(path_pattern)

BOOST_AUTO_TEST_CASE(patterns_are_segments_and_a_kind) {
  BOOST_TEST(shape("/") == "L: exact");
  BOOST_TEST(shape("/*") == "prefix");
  BOOST_TEST(shape("/api") == "L:api exact");
  BOOST_TEST(shape("/api/") == "L:api L: exact");
  BOOST_TEST(shape("/api/*") == "L:api prefix");
  BOOST_TEST(shape("/users/{id}/posts") == "L:users P:id L:posts exact");
  BOOST_TEST(shape("/{a}/{b}/*") == "P:a P:b prefix");
  BOOST_TEST(shape("/a%2Fb/.well-known") == "L:a%2Fb L:.well-known exact");
}

BOOST_AUTO_TEST_CASE(what_no_canonical_path_can_meet_is_a_flaw) {
  for (const char* wrong :
       {"",        "api",      "*",    "//",    "/a//b",  "/a//*",    "/./a", "/..",
        "/a*",     "/*/a",     "/a?b", "/a#b",  "/{}",    "/{a",      "/a}",  "/x{a}",
        "/{a}{b}", "/{a}/{a}", "/a b", "/a\\b", "/{a-b}", "/\xC3\xBC"}) {
    BOOST_TEST(shape(wrong) == "flaw", wrong);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
