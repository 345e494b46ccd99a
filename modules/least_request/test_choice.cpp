// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE least_request
#include "choice.hpp"

#include <cstdint>
#include <cstdlib>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace {

using least_request::Choice;
using least_request::Draws;

struct View {
  std::vector<uint32_t> loads;
  std::vector<bool> skipped;
  mutable Draws draws{1};
  bool skips(uint32_t endpoint) const { return endpoint < skipped.size() && skipped[endpoint]; }
  uint32_t in_flight(uint32_t endpoint) const { return loads[endpoint]; }
  uint64_t random() const { return draws.below(UINT64_MAX / 2); }
};

std::vector<int> shares(const Choice& choice, const View& view, int count) {
  std::vector<int> shares(view.loads.size());
  for (int i = 0; i < count; ++i) ++shares.at(static_cast<size_t>(choice.pick(view)));
  return shares;
}

bool near(int share, int expected) { return std::abs(share - expected) <= expected / 10; }

}  // namespace

BOOST_AUTO_TEST_CASE(the_endpoint_with_fewest_in_flight_is_chosen) {
  BOOST_TEST(Choice({1, 1, 1}, 0).pick(View{{3, 1, 2}, {}}) == 1);
  BOOST_TEST(Choice({1, 1, 1}, 0).pick(View{{0, 1, 2}, {}}) == 0);
  BOOST_TEST(Choice({1, 1, 1}, 0).pick(View{{5, 9, 4}, {}}) == 2);
}

BOOST_AUTO_TEST_CASE(load_is_divided_by_weight) {
  BOOST_TEST(Choice({1, 4}, 0).pick(View{{2, 7}, {}}) == 1);
  BOOST_TEST(Choice({1, 4}, 0).pick(View{{2, 9}, {}}) == 0);
}

BOOST_AUTO_TEST_CASE(equal_loads_are_shared_by_weight) {
  const auto even = shares(Choice({1, 1, 1}, 0), View{{0, 0, 0}, {}}, 9000);
  BOOST_TEST((near(even[0], 3000) && near(even[1], 3000) && near(even[2], 3000)));
  const auto weighted = shares(Choice({1, 2, 1}, 0), View{{3, 6, 5}, {}}, 9000);
  BOOST_TEST((near(weighted[0], 3000) && near(weighted[1], 6000)));
  BOOST_TEST(weighted[2] == 0);
}

BOOST_AUTO_TEST_CASE(skipped_endpoints_are_never_chosen) {
  const View view{{0, 5, 6}, {true, false, false}};
  BOOST_TEST(Choice({1, 1, 1}, 0).pick(view) == 1);
  BOOST_TEST(Choice({1, 1, 1}, 2).pick(view) == 1);
  const View tied{{0, 0, 0, 0}, {true, false, true, false}};
  const auto found = shares(Choice({1, 1, 1, 1}, 0), tied, 1000);
  BOOST_TEST((found[0] == 0 && found[2] == 0));
}

BOOST_AUTO_TEST_CASE(nothing_is_chosen_when_all_are_skipped_or_there_is_none) {
  const View view{{0, 0, 0}, {true, true, true}};
  BOOST_TEST(Choice({1, 1, 1}, 0).pick(view) == Choice::none);
  BOOST_TEST(Choice({1, 1, 1}, 2).pick(view) == Choice::none);
  BOOST_TEST(Choice({}, 0).pick(View{}) == Choice::none);
  BOOST_TEST(Choice({}, 2).pick(View{}) == Choice::none);
}

BOOST_AUTO_TEST_CASE(of_two_drawn_the_better_is_chosen) {
  // The worst of all can never win a comparison; the best wins each it is drawn for.
  const auto found = shares(Choice({1, 1, 1, 1}, 2), View{{9, 0, 5, 7}, {}}, 12'000);
  BOOST_TEST(found[0] == 0);
  BOOST_TEST((near(found[1], 6000) && near(found[2], 4000) && near(found[3], 2000)));
}

BOOST_AUTO_TEST_CASE(endpoints_are_drawn_by_weight) {
  const auto found = shares(Choice({1, 3, 4}, 1), View{{0, 9, 5}, {}}, 16'000);
  BOOST_TEST((near(found[0], 2000) && near(found[1], 6000) && near(found[2], 8000)));
}

BOOST_AUTO_TEST_CASE(more_draws_than_endpoints_compare_all) {
  const auto found = shares(Choice({1, 1, 1}, 8), View{{4, 3, 2}, {}}, 100);
  BOOST_TEST(found[2] == 100);
}

BOOST_AUTO_TEST_CASE(many_skipped_endpoints_do_not_make_a_draw_fail) {
  View view{std::vector<uint32_t>(1000), std::vector<bool>(1000, true)};
  view.skipped[500] = view.skipped[501] = false;
  view.loads[500] = 1;
  const auto found = shares(Choice(std::vector<uint32_t>(1000, 1), 2), view, 100);
  BOOST_TEST(found[501] == 100);
}

BOOST_AUTO_TEST_CASE(the_largest_loads_and_weights_do_not_overflow) {
  const uint32_t most = UINT32_MAX;
  BOOST_TEST(Choice({most, most - 1}, 0).pick(View{{most, most}, {}}) == 0);
}
