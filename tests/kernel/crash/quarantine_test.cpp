// SPDX-License-Identifier: Apache-2.0
#include "crash/quarantine.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

namespace {

using weir::CrashRecord;
using weir::Quarantine;

CrashRecord crash(std::string_view module, int64_t seconds) {
  CrashRecord record;
  record.unix_ms = seconds * 1000;
  std::copy(module.begin(), module.end(), record.module.begin());
  return record;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(quarantine)

BOOST_AUTO_TEST_CASE(the_third_crash_within_a_minute_is_one_too_many) {
  Quarantine quarantine;
  BOOST_TEST(!quarantine.add(crash("wobbly", 100)));
  BOOST_TEST(!quarantine.add(crash("wobbly", 130)));
  BOOST_TEST(quarantine.names().empty());
  BOOST_TEST(quarantine.add(crash("wobbly", 159)));
  BOOST_TEST((quarantine.names() == std::set<std::string>{"wobbly"}));
}

BOOST_AUTO_TEST_CASE(crashes_that_lie_a_minute_back_are_forgotten) {
  Quarantine quarantine;
  for (int64_t second = 0; second < 600; second += 30) {
    BOOST_TEST(!quarantine.add(crash("rare", second)));
  }
}

BOOST_AUTO_TEST_CASE(each_module_is_counted_for_itself) {
  Quarantine quarantine;
  for (int i = 0; i < 2; ++i) {
    BOOST_TEST(!quarantine.add(crash("a", i)));
    BOOST_TEST(!quarantine.add(crash("b", i)));
  }
  BOOST_TEST(quarantine.add(crash("b", 2)));
  BOOST_TEST(quarantine.names().count("a") == 0U);
}

BOOST_AUTO_TEST_CASE(it_is_told_once) {
  Quarantine quarantine(1);
  BOOST_TEST(quarantine.add(crash("wobbly", 1)));
  BOOST_TEST(!quarantine.add(crash("wobbly", 2)));
}

BOOST_AUTO_TEST_CASE(a_crash_of_weir_itself_and_a_torn_record_count_for_nobody) {
  Quarantine quarantine(1);
  BOOST_TEST(!quarantine.add(crash("", 1)));
  CrashRecord torn = crash("wobbly", 1);
  torn.mark = 0;
  BOOST_TEST(!quarantine.add(torn));
  BOOST_TEST(quarantine.names().empty());
}

BOOST_AUTO_TEST_CASE(a_name_without_an_end_is_not_read_beyond_its_room) {
  Quarantine quarantine(1);
  CrashRecord record = crash("", 1);
  record.module.fill('x');
  BOOST_TEST(quarantine.add(record));
  BOOST_TEST(quarantine.names().begin()->size() == record.module.size());
}

BOOST_AUTO_TEST_CASE(a_clock_that_was_set_back_hides_no_crash) {
  Quarantine quarantine;
  quarantine.add(crash("wobbly", 5000));
  quarantine.add(crash("wobbly", 1000));
  BOOST_TEST(quarantine.add(crash("wobbly", 1001)));
}

BOOST_AUTO_TEST_SUITE_END()
