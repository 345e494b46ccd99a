// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE substitution
#include "substitution.hpp"

#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

namespace {

using Outcome = Substitution::Outcome;

}  // namespace

BOOST_AUTO_TEST_CASE(each_match_is_replaced_and_the_rest_stays) {
  Substitution substitution;
  BOOST_TEST(!substitution.compile("^/blog/(\\d+)/(?P<title>[^/]+)", "/{title}?id={1}"));
  std::string result;
  BOOST_TEST((substitution.apply("/blog/7/hello", result) == Outcome::replaced));
  BOOST_TEST(result == "/hello?id=7");
  BOOST_TEST((substitution.apply("/blog/seven", result) == Outcome::unmatched));
}

BOOST_AUTO_TEST_CASE(flaws_are_found_at_load) {
  BOOST_TEST(Substitution{}.compile("(", "/").value().in_regex);
  BOOST_TEST(!Substitution{}.compile("a", "{1}").value().in_regex);
}

BOOST_AUTO_TEST_CASE(a_result_is_bounded) {
  Substitution substitution;
  BOOST_TEST(!substitution.compile("a", std::string(1000, 'b')));
  std::string result;
  BOOST_TEST((substitution.apply(std::string(8000, 'a'), result) == Outcome::too_long));
}
