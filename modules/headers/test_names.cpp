// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE names
#include "names.hpp"

#include <string_view>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_CASE(a_name_is_a_token) {
  for (const char* good : {"X-A", "a", "x_y", "1", "!#$%&'*+-.^_`|~"}) {
    BOOST_TEST_CONTEXT(good) BOOST_TEST(is_token(good));
  }
  for (const std::string_view bad : {"", "a b", "a:", "a\r", "(a)", "\xc3\xa4", "a\tb"}) {
    BOOST_TEST_CONTEXT(bad) BOOST_TEST(!is_token(bad));
  }
  BOOST_TEST(!is_token(std::string_view{"a\0", 2}));
}

BOOST_AUTO_TEST_CASE(only_letters_change_their_case) {
  BOOST_TEST(lower_case("X-Ab_9[") == "x-ab_9[");
}
