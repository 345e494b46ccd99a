// SPDX-License-Identifier: Apache-2.0
#include "net/address.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

using weir::Address;
using weir::contains;
using weir::conf::parse_cidr;
using weir::conf::parse_ip;

BOOST_AUTO_TEST_SUITE(address)

BOOST_AUTO_TEST_CASE(what_is_parsed_is_written_the_same) {
  for (const std::string text : {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:80",
                                 "[::]:8080", "[2001:db8::1]:443", ":80", "unix:/run/app.sock"}) {
    const auto address = Address::parse(text);
    BOOST_REQUIRE_MESSAGE(address, text);
    BOOST_TEST(address->to_string() == text);
    const Address again(address->data(), address->size());
    BOOST_TEST((again == *address) == !address->any());
  }
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_address_and_says_why) {
  for (const std::string text :
       {"", "127.0.0.1", "[::1]", "127.0.0.1:", ":65536", ":-1", ": 80", "::1:80", "[::g]:80",
        "[127.0.0.1]:80", "unix:", "unix:relative.sock"}) {
    const auto address = Address::parse(text);
    BOOST_REQUIRE_MESSAGE(!address, text);
    BOOST_TEST(address.error().text == "\"" + text + "\" is no address; expected one such as " +
                                           R"("127.0.0.1:80", "[::1]:80", ":80" or )" +
                                           R"("unix:/run/app.sock")");
  }
  BOOST_TEST(Address::parse("localhost:80").error().text ==
             "\"localhost\" is a name; an IP address is needed here");
  BOOST_TEST(!Address::parse("unix:/" + std::string(107, 'x')));
  BOOST_TEST(Address::parse("unix:/" + std::string(106, 'x')).has_value());
}

BOOST_AUTO_TEST_CASE(converts_to_the_address_of_the_abi_and_back) {
  for (const std::string text : {"10.1.2.3:80", "[2001:db8::1]:443"}) {
    const auto address = Address::parse(text);
    BOOST_TEST(Address(address->weir()).to_string() == text);
    BOOST_TEST(address->weir().port == address->port());
    BOOST_TEST(Address(address->poco()).to_string() == text);
  }
  const auto ipv4 = Address::parse("10.1.2.3:80")->weir();
  BOOST_TEST(ipv4.family == 4);
  BOOST_TEST(ipv4.bytes[10] == 0xff);
  BOOST_TEST(ipv4.bytes[12] == 10);
  BOOST_TEST(Address::parse("unix:/x")->weir().family == 1);
  BOOST_TEST(weir::to_string(Address::parse("unix:/x")->weir()) == "unix");
  BOOST_TEST(weir::to_string(ipv4) == "10.1.2.3");
  BOOST_TEST(Address(weir_address{}).to_string().empty());
}

BOOST_AUTO_TEST_CASE(an_ipv4_peer_of_an_ipv6_socket_is_an_ipv4_address) {
  const auto mapped = Address::parse("[::ffff:10.1.2.3]:80");
  const Address seen(mapped->data(), mapped->size());
  BOOST_TEST((seen.family() == Address::Family::ipv4));
  BOOST_TEST(seen.to_string() == "10.1.2.3:80");
  BOOST_TEST((seen == *Address::parse("10.1.2.3:80")));
  BOOST_TEST(Address(*parse_ip("::ffff:10.1.2.3")).host() == "10.1.2.3");
}

BOOST_AUTO_TEST_CASE(ranges_hold_what_shares_their_prefix) {
  const std::tuple<const char*, const char*, bool> table[] = {
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.128.0.0/9", "10.127.0.1", false},
      {"10.128.0.0/9", "10.128.0.1", true},
      {"192.168.1.1", "192.168.1.1", true},
      {"192.168.1.1/32", "192.168.1.2", false},
      {"192.168.1.0/31", "192.168.1.1", true},
      {"0.0.0.0/0", "1.2.3.4", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"::/0", "2001:db8::1", true},
      {"2001:db8::/32", "2001:db8:ffff::1", true},
      {"2001:db8::/33", "2001:db8:8000::1", false},
      {"::1", "::1", true},
      {"::1", "::2", false},
      {"::ffff:10.0.0.0/104", "10.1.1.1", true},
  };
  for (const auto& [range, address, expected] : table) {
    const auto parsed = parse_cidr(range);
    BOOST_REQUIRE_MESSAGE(parsed, range);
    BOOST_TEST(contains(*parsed, *parse_ip(address)) == expected, range << " " << address);
  }
  BOOST_TEST(!contains(*parse_cidr("::/0"), Address::parse("unix:/x")->weir()));
  BOOST_TEST(!contains(*parse_cidr("::/0"), weir_address{}));
}

BOOST_AUTO_TEST_SUITE_END()
