// SPDX-License-Identifier: Apache-2.0
#include "base/reserve.hpp"

#include <new>

#include <boost/test/unit_test.hpp>

using weir::Reserve;

BOOST_AUTO_TEST_SUITE(reserve)

BOOST_AUTO_TEST_CASE(it_serves_some_failures_and_is_whole_again_when_there_is_memory) {
  Reserve::keep();
  Reserve::failures();
  const std::new_handler failed = std::get_new_handler();
  BOOST_REQUIRE(failed != nullptr);
  BOOST_TEST(Reserve::whole());
  for (int i = 0; i < 8; ++i) failed();
  BOOST_CHECK_THROW(failed(), std::bad_alloc);
  BOOST_TEST(Reserve::failures() == 9U);
  BOOST_TEST(Reserve::failures() == 0U);
  BOOST_TEST(Reserve::whole());
  failed();
  BOOST_TEST(Reserve::whole());
}

BOOST_AUTO_TEST_CASE(to_keep_it_twice_is_to_keep_it) {
  Reserve::keep();
  Reserve::keep();
  BOOST_TEST(Reserve::whole());
}

BOOST_AUTO_TEST_SUITE_END()
