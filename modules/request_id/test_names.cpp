// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE request_id
#include "random_bits.hpp"
#include "request_name.hpp"
#include "trace_parent.hpp"

#include <set>
#include <string>

#include <boost/test/unit_test.hpp>

namespace {

std::string uuid(RequestName name) {
  std::array<char, 36> room;
  return std::string{write_uuid(name, room)};
}

constexpr uint64_t ones = ~uint64_t{0};

}  // namespace

BOOST_AUTO_TEST_SUITE(names)

BOOST_AUTO_TEST_CASE(version_and_variant_stand_where_rfc_9562_has_them) {
  BOOST_TEST(uuid(uuid4(0, 0)) == "00000000-0000-4000-8000-000000000000");
  BOOST_TEST(uuid(uuid4(ones, ones)) == "ffffffff-ffff-4fff-bfff-ffffffffffff");
  BOOST_TEST(uuid(uuid7(0x017F22E279B0, 0, 0)) == "017f22e2-79b0-7000-8000-000000000000");
  BOOST_TEST(uuid(uuid7(0x017F22E279B0, ones, ones)) == "017f22e2-79b0-7fff-bfff-ffffffffffff");
}

BOOST_AUTO_TEST_CASE(version_7_sorts_by_time) {
  BOOST_TEST(uuid(uuid7(1000, ones, ones)) < uuid(uuid7(1001, 0, 0)));
}

BOOST_AUTO_TEST_CASE(plain_is_32_hex_digits) {
  std::array<char, 36> room;
  BOOST_TEST(write_plain({0x0123456789abcdef, 0xf}, room) == "0123456789abcdef000000000000000f");
}

BOOST_AUTO_TEST_CASE(ids_of_other_systems_are_well_formed) {
  for (const auto* id :
       {"a", "2f5c8a1e-3b7d-4c9e-8f10-aabbccddeeff", "1-67891233-abcdef012345678912345678",
        "Root=1-abc", "req_01J9ZK", "a+b/c==", "host:123@7"}) {
    BOOST_TEST(well_formed_id(id), id);
  }
  BOOST_TEST(well_formed_id(std::string(128, 'x')));
}

BOOST_AUTO_TEST_CASE(what_could_forge_a_log_line_is_no_id) {
  for (const auto* id :
       {"", "a b", "a\nb", "a\"b", "a'b", "a\\b", "a,b", "a;b", "<a>", "{a}", "\xc3\xa4", "$(a)"}) {
    BOOST_TEST(!well_formed_id(id), id);
  }
  BOOST_TEST(!well_formed_id(std::string(129, 'x')));
}

BOOST_AUTO_TEST_CASE(a_seed_gives_one_series_and_two_generators_differ) {
  RandomBits left{{1, 2, 3, 4}};
  RandomBits right{{1, 2, 3, 4}};
  for (int i = 0; i < 100; ++i) BOOST_TEST(left.next() == right.next());
  BOOST_TEST(RandomBits{}.next() != RandomBits{}.next());
}

BOOST_AUTO_TEST_CASE(the_reference_series_comes_out) {
  RandomBits random{{1, 2, 3, 4}};
  BOOST_TEST(random.next() == 11520U);
  BOOST_TEST(random.next() == 0U);
  BOOST_TEST(random.next() == 1509978240U);
  BOOST_TEST(random.next() == 1215971899390074240U);
}

BOOST_AUTO_TEST_CASE(shares_lie_between_0_and_1_and_are_even) {
  RandomBits random;
  int below = 0;
  for (int i = 0; i < 100000; ++i) {
    const double share = random.share();
    BOOST_REQUIRE(share >= 0);
    BOOST_REQUIRE(share < 1);
    below += share < 0.25;
  }
  BOOST_TEST(below > 24000);
  BOOST_TEST(below < 26000);
}

BOOST_AUTO_TEST_CASE(a_trace_parent_is_valid_by_the_standard) {
  const std::string good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  BOOST_TEST(valid_trace_parent(good));
  BOOST_TEST(valid_trace_parent("cc" + good.substr(2)));
  BOOST_TEST(valid_trace_parent("cc" + good.substr(2) + "-what-comes-later"));
  BOOST_TEST(!valid_trace_parent(good + "-x"));
  BOOST_TEST(!valid_trace_parent("cc" + good.substr(2) + ".x"));
  BOOST_TEST(!valid_trace_parent("ff" + good.substr(2)));
  BOOST_TEST(!valid_trace_parent("0x" + good.substr(2)));
  BOOST_TEST(!valid_trace_parent(good.substr(0, 54)));
  BOOST_TEST(!valid_trace_parent(""));
  BOOST_TEST(!valid_trace_parent("00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
  BOOST_TEST(!valid_trace_parent("00-00000000000000000000000000000000-00f067aa0ba902b7-01"));
  BOOST_TEST(!valid_trace_parent("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"));
  BOOST_TEST(!valid_trace_parent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g"));
  BOOST_TEST(!valid_trace_parent("00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
}

BOOST_AUTO_TEST_CASE(what_is_written_is_valid_even_if_all_bits_come_out_zero) {
  std::array<char, 55> room;
  BOOST_TEST(write_trace_parent({1, 2}, 3, true, room) ==
             "00-00000000000000010000000000000002-0000000000000003-01");
  BOOST_TEST(write_trace_parent({1, 2}, 0, false, room) ==
             "00-00000000000000010000000000000002-0000000000000001-00");
  BOOST_TEST(valid_trace_parent(write_trace_parent(uuid4(0, 0), 0, false, room)));
}

BOOST_AUTO_TEST_SUITE_END()
