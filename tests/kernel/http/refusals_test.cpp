// SPDX-License-Identifier: Apache-2.0
#include "http/refusals.hpp"

#include "http/grammar.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

namespace weir::test {

BOOST_AUTO_TEST_SUITE(refusal_table)

BOOST_AUTO_TEST_CASE(each_reason_is_one_word_of_its_own_with_an_error_status) {
  std::set<std::string_view> seen;
  for (const RefusalRow& row : refusals) {
    const std::string_view reason = row.reason;
    BOOST_TEST(seen.insert(reason).second, reason);
    BOOST_TEST(
        std::all_of(reason.begin(), reason.end(),
                    [](char c) { return c == '_' || is_digit(c) || (c >= 'a' && c <= 'z'); }),
        reason);
    BOOST_TEST((row.status >= 400 && row.status <= 599), reason);
    BOOST_TEST(std::string_view{row.meaning}.size() > 10u, reason);
  }
}

BOOST_AUTO_TEST_CASE(what_an_upstream_sends_wrong_is_502) {
  BOOST_TEST(from_upstream(refusal("nul")).status == 502);
  BOOST_TEST(from_upstream(refusal("nul")).reason == std::string{"nul"});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
