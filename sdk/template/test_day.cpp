// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE day
#include "day.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_CASE(noon_parts_the_day) {
  using std::chrono::hours;
  BOOST_TEST(before(12, hours{24 * 20000 + 11}));
  BOOST_TEST(!before(12, hours{24 * 20000 + 12}));
  BOOST_TEST(before(1, hours{24 * 20000}));
}
