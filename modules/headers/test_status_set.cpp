// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE status_set
#include "status_set.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_CASE(a_status_a_class_and_a_range_can_be_said) {
  StatusSet set;
  BOOST_TEST(set.empty());
  BOOST_TEST((set.add("404") && set.add("5xx") && set.add("200-204")));
  for (const int in : {404, 500, 503, 599, 200, 202, 204}) BOOST_TEST(set.has(in));
  for (const int out : {403, 405, 205, 301, 499, 600, 0, 100, -1}) BOOST_TEST(!set.has(out));
}

BOOST_AUTO_TEST_CASE(other_texts_are_refused) {
  StatusSet set;
  for (const char* text : {"", "x", "40", "4x", "4XX", "1xx", "6xx", "100", "600", "404 ", "-404",
                           "+04", "500-400", "500-", "500-60", "100-200", "500-600", "500 -504"}) {
    BOOST_TEST_CONTEXT(text) BOOST_TEST(!set.add(text));
  }
  BOOST_TEST(set.empty());
}
