// SPDX-License-Identifier: Apache-2.0
#include "http/authority.hpp"

#include "http/transcript.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

namespace weir::test {
namespace {

// "authority host", or "refused".
std::string parse(std::string_view text) {
  Memory memory;
  const auto authority = parse_authority(text, memory.arena);
  if (!authority) return "refused";
  return std::string{authority->text} + " " + std::string{authority->host};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(authority)

BOOST_AUTO_TEST_CASE(names_and_addresses_with_and_without_port) {
  BOOST_TEST(parse("example.com") == "example.com example.com");
  BOOST_TEST(parse("EXAMPLE.com:8080") == "example.com:8080 example.com");
  BOOST_TEST(parse("127.0.0.1:80") == "127.0.0.1:80 127.0.0.1");
  BOOST_TEST(parse("[::1]") == "[::1] [::1]");
  BOOST_TEST(parse("[2001:DB8::1]:443") == "[2001:db8::1]:443 [2001:db8::1]");
  BOOST_TEST(parse("my_service") == "my_service my_service");
}

BOOST_AUTO_TEST_CASE(the_last_dot_of_a_full_name_is_no_part_of_the_host) {
  BOOST_TEST(parse("example.com.:80") == "example.com.:80 example.com");
}

BOOST_AUTO_TEST_CASE(what_others_may_read_in_another_way_is_refused) {
  for (const auto* const bad : {"",          ":80",     ".",
                                "..",        ".a",      "a..b",
                                "a:",        "a:0",     "a:65536",
                                "a:000080",  "a:8x",    "a:80:80",
                                "user@a",    "a/b",     "a,b",
                                "a b",       "a%41",    "a?b",
                                "a#b",       "a\\b",    "[::1",
                                "::1",       "[]",      "[:::]",
                                "[::1]x",    "[::1]80", "[fe80::1%25eth0]",
                                "[1.2.3.4]", "[v1.a]",  "h\xc3\xa9",
                                "a;b",       "a'",      "a*"}) {
    BOOST_TEST(parse(bad) == "refused", bad);
  }
  BOOST_TEST(parse(std::string(256, 'a')) == "refused");
  BOOST_TEST(parse(std::string_view{"[::1\0]", 6}) == "refused");
  BOOST_TEST(parse(std::string_view{"a\0", 2}) == "refused");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
