// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE real_ip
#include "hop.hpp"
#include "hop_list.hpp"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace {

std::string shown(std::string_view text, V6Form form = V6Form::any) {
  const auto hop = parse_hop(text, form);
  if (!hop) return "none";
  std::array<char, INET6_ADDRSTRLEN> out{};
  inet_ntop(hop->v4 ? AF_INET : AF_INET6, hop->bytes.data() + (hop->v4 ? 12 : 0), out.data(),
            static_cast<socklen_t>(out.size()));
  return std::string{out.data()} + " " + std::to_string(hop->port);
}

std::vector<std::string> walked(const HopList& hops) {
  std::vector<std::string> out;
  for (size_t index = 0; const auto hop = hops.nearest(index); ++index) out.emplace_back(*hop);
  return out;
}

std::vector<std::string> forwarded(std::string_view line) {
  HopList hops;
  hops.add_forwarded(line);
  return walked(hops);
}

using Words = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(hops)

BOOST_AUTO_TEST_CASE(an_address_is_read_with_and_without_a_port) {
  BOOST_TEST(shown("203.0.113.7") == "203.0.113.7 0");
  BOOST_TEST(shown("203.0.113.7:8080") == "203.0.113.7 8080");
  BOOST_TEST(shown("2001:db8::1") == "2001:db8::1 0");
  BOOST_TEST(shown("[2001:db8::1]") == "2001:db8::1 0");
  BOOST_TEST(shown("[2001:db8::1]:65535") == "2001:db8::1 65535");
  BOOST_TEST(shown("::ffff:192.0.2.1") == "192.0.2.1 0");
}

BOOST_AUTO_TEST_CASE(what_is_not_exactly_an_address_is_none) {
  for (const auto* text : {"",
                           " ",
                           "unknown",
                           "_hidden",
                           "1.2.3",
                           "1.2.3.4.5",
                           "01.2.3.4",
                           "1.2.3.256",
                           "0x1.2.3.4",
                           "1.2.3.4:",
                           "1.2.3.4:x",
                           "1.2.3.4:65536",
                           "1.2.3.4:080808",
                           "[1.2.3.4]",
                           "[::1",
                           "::1]",
                           "[::1]x",
                           "[::1]:",
                           "fe80::1%eth0",
                           "1.2.3.4 ",
                           "1.2.3.4/32",
                           ":::",
                           "example.com"}) {
    BOOST_TEST(shown(text) == "none", text);
  }
  BOOST_TEST(shown({"1.2.3.4\0", 8}) == "none");
}

BOOST_AUTO_TEST_CASE(forwarded_wants_brackets_around_ipv6) {
  BOOST_TEST(shown("2001:db8::1", V6Form::bracketed) == "none");
  BOOST_TEST(shown("[2001:db8::1]", V6Form::bracketed) == "2001:db8::1 0");
}

BOOST_AUTO_TEST_CASE(the_nearest_hop_of_all_lines_comes_first) {
  HopList hops;
  hops.add_plain("a, b");
  hops.add_plain("\tc ,d");
  BOOST_TEST(walked(hops) == (Words{"d", "c", "b", "a"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_empty_element_stays_in_its_place) {
  HopList hops;
  hops.add_plain("a,,b");
  BOOST_TEST(walked(hops) == (Words{"b", "", "a"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(only_the_nearest_64_hops_are_kept) {
  HopList hops;
  for (int i = 0; i < 100; ++i) hops.add(i == 36 ? "oldest" : i == 99 ? "nearest" : "x");
  BOOST_TEST(hops.nearest(0).value() == "nearest");
  BOOST_TEST(hops.nearest(63).value() == "oldest");
  BOOST_TEST(!hops.nearest(64).has_value());
}

BOOST_AUTO_TEST_CASE(forwarded_elements_are_told_apart_by_their_grammar) {
  BOOST_TEST(forwarded("for=192.0.2.60;proto=http;by=203.0.113.43, FOR=198.51.100.17") ==
                 (Words{"198.51.100.17", "192.0.2.60"}),
             boost::test_tools::per_element());
  BOOST_TEST(forwarded(R"(for="[2001:db8:cafe::17]:4711" ; host="a,b;for=1.1.1.1")") ==
                 (Words{"[2001:db8:cafe::17]:4711"}),
             boost::test_tools::per_element());
  BOOST_TEST(forwarded("proto=https") == (Words{""}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(broken_forwarded_lines_end_in_a_hop_that_stops_the_walk) {
  for (const auto* line :
       {R"(for=1.1.1.1, for="2.2.2.2, for=3.3.3.3)", "for=1.1.1.1, for=", "for=1.1.1.1, for",
        "for=1.1.1.1, for=2.2.2.2;for=3.3.3.3", "for=1.1.1.1, for=2.2.2.2 x",
        "for=1.1.1.1, for=2001:db8::1", R"(for=1.1.1.1, for="1.2.3\.4")"}) {
    const auto hops = forwarded(line);
    BOOST_TEST(hops.front() == "", line);
    BOOST_TEST(hops.back() == "1.1.1.1", line);
  }
}

BOOST_AUTO_TEST_SUITE_END()
