// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE round_robin
#include "rotation.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace {

using round_robin::Rotation;

struct View {
  std::vector<bool> skipped;
  uint64_t bits = 0;
  bool skips(uint32_t endpoint) const { return endpoint < skipped.size() && skipped[endpoint]; }
  uint64_t random() const { return bits; }
};

class Loop {
 public:
  explicit Loop(std::vector<uint32_t> weights, uint64_t random = 0)
      : rotation_(weights), state_(rotation_.state_size() / sizeof(int64_t)) {
    view.bits = random;
  }
  int32_t pick() { return rotation_.pick(state_.data(), view); }
  std::string picks(int count) {
    std::string letters;
    for (int i = 0; i < count; ++i) letters += static_cast<char>('a' + pick());
    return letters;
  }
  std::vector<int> shares(int count, size_t endpoints) {
    std::vector<int> shares(endpoints);
    for (int i = 0; i < count; ++i) ++shares.at(static_cast<size_t>(pick()));
    return shares;
  }
  View view;

 private:
  Rotation rotation_;
  std::vector<int64_t> state_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(equal_weights_go_round) {
  BOOST_TEST(Loop({1, 1, 1}).picks(7) == "abcabca");
  BOOST_TEST(Loop({7, 7}).picks(4) == "abab");
}

BOOST_AUTO_TEST_CASE(heavier_endpoints_are_spread_and_not_bunched) {
  BOOST_TEST(Loop({5, 1, 1}).picks(7) == "aabacaa");
  BOOST_TEST(Loop({2, 1}).picks(6) == "abaaba");
}

BOOST_AUTO_TEST_CASE(shares_are_exact_over_a_period_wherever_it_begins) {
  const std::vector<uint32_t> weights{50, 20, 30, 1};
  for (const uint64_t random : {0ULL, 1ULL, 17ULL, 100ULL, 0xfeedfacecafebeefULL}) {
    const auto shares = Loop(weights, random).shares(10 * 101, weights.size());
    BOOST_TEST(shares == (std::vector<int>{500, 200, 300, 10}), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(loops_begin_at_different_places) {
  std::set<std::string> even;
  std::set<std::string> weighted;
  for (uint64_t random = 0; random < 12; ++random) {
    even.insert(Loop({1, 1, 1}, random).picks(3));
    weighted.insert(Loop({3, 2, 1}, random).picks(6));
  }
  BOOST_TEST(even.size() == 3U);
  BOOST_TEST(weighted.size() >= 4U);
}

BOOST_AUTO_TEST_CASE(a_skipped_endpoint_is_never_chosen_and_the_others_share_its_part) {
  Loop even({1, 1, 1, 1});
  even.view.skipped = {false, true, false, false};
  BOOST_TEST(even.shares(300, 4) == (std::vector<int>{100, 0, 100, 100}),
             boost::test_tools::per_element());
  Loop weighted({4, 2, 1});
  weighted.view.skipped = {true, false, false};
  BOOST_TEST(weighted.shares(300, 3) == (std::vector<int>{0, 200, 100}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_endpoint_that_comes_back_gets_its_share_and_no_more) {
  Loop loop({4, 2, 1});
  loop.view.skipped = {true, false, false};
  loop.picks(1000);
  loop.view.skipped = {};
  const auto shares = loop.shares(700, 3);
  BOOST_TEST(std::abs(shares[0] - 400) <= 7);
  BOOST_TEST(std::abs(shares[1] - 200) <= 7);
  BOOST_TEST(std::abs(shares[2] - 100) <= 7);
}

BOOST_AUTO_TEST_CASE(nothing_is_chosen_when_all_are_skipped_or_there_is_none) {
  Loop even({1, 1});
  even.view.skipped = {true, true};
  BOOST_TEST(even.pick() == Rotation::none);
  Loop weighted({1, 2});
  weighted.view.skipped = {true, true};
  BOOST_TEST(weighted.pick() == Rotation::none);
  BOOST_TEST(Loop({}).pick() == Rotation::none);
}

BOOST_AUTO_TEST_CASE(one_endpoint_is_always_chosen) { BOOST_TEST(Loop({9}).picks(3) == "aaa"); }

BOOST_AUTO_TEST_CASE(the_largest_weights_do_not_overflow) {
  Loop loop({UINT32_MAX, UINT32_MAX - 1, 1}, UINT64_MAX);
  const auto shares = loop.shares(10'000, 3);
  BOOST_TEST(std::abs(shares[0] - shares[1]) <= 1);
}
