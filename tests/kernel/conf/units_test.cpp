// SPDX-License-Identifier: Apache-2.0
#include "conf/units.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir::conf;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(units)

BOOST_AUTO_TEST_CASE(durations_have_a_unit_and_sums_go_from_large_to_small) {
  BOOST_TEST((parse_duration("30s") == Duration{30s}));
  BOOST_TEST((parse_duration("250ms") == Duration{250ms}));
  BOOST_TEST((parse_duration("2h30m") == Duration{2h + 30min}));
  BOOST_TEST((parse_duration("7d") == Duration{168h}));
  BOOST_TEST((parse_duration("0") == Duration{0}));
  for (const char* wrong : {"", "30", "s", "1.5h", "-1s", "30 s", " 30s", "30S", "30m2h", "1s1s",
                            "1s ", "1y", "99999999999999999999s", "200000d", "1e3s", "+1s"}) {
    BOOST_TEST(!parse_duration(wrong).has_value(), wrong);
  }
}

BOOST_AUTO_TEST_CASE(sizes_tell_powers_of_two_from_powers_of_ten) {
  BOOST_TEST((parse_size("512") == 512u));
  BOOST_TEST((parse_size("64KiB") == 65536u));
  BOOST_TEST((parse_size("1MB") == 1'000'000u));
  BOOST_TEST((parse_size("16TiB") == 16ULL << 40));
  for (const char* wrong :
       {"", "KiB", "1.5MiB", "1 MiB", "1mib", "1M", "-1", "20000000TiB", "1KiB1"}) {
    BOOST_TEST(!parse_size(wrong).has_value(), wrong);
  }
}

BOOST_AUTO_TEST_CASE(percents_and_rates_become_numbers) {
  BOOST_TEST(parse_percent("20%").value() == 0.2);
  BOOST_TEST(parse_percent("0.5%").value() == 0.005);
  BOOST_TEST(parse_percent("100%").value() == 1.0);
  BOOST_TEST(parse_rate("50/s").value() == 50.0);
  BOOST_TEST(parse_rate("30/m").value() == 0.5);
  for (const char* wrong : {"", "20", "%", "101%", "-1%", "1e1%", "nan%", "20 %"}) {
    BOOST_TEST(!parse_percent(wrong).has_value(), wrong);
  }
  for (const char* wrong : {"", "50", "50/", "/s", "50/ms", "50/y", "inf/s", "1/s/s"}) {
    BOOST_TEST(!parse_rate(wrong).has_value(), wrong);
  }
}

BOOST_AUTO_TEST_CASE(what_is_formatted_is_read_back) {
  for (const char* text : {"30s", "2h30m", "1d", "1ms", "10m", "1s500ms"}) {
    BOOST_TEST(format_duration(*parse_duration(text)) == text);
  }
  for (const char* text : {"8KiB", "1GiB", "500", "1TiB"}) {
    BOOST_TEST(format_size(*parse_size(text)) == text);
  }
  for (const char* text : {"20%", "0.5%", "7%", "100%"}) {
    BOOST_TEST(format_percent(*parse_percent(text)) == text);
  }
  for (const char* text : {"50/s", "30/m", "0.5/h"}) {
    BOOST_TEST(parse_rate(format_rate(*parse_rate(text))).value() == *parse_rate(text));
  }
}

BOOST_AUTO_TEST_CASE(ranges_are_held_mapped_and_must_be_clean) {
  const weir_cidr ten = parse_cidr("10.0.0.0/8").value();
  BOOST_TEST(ten.bits == 104u);
  BOOST_TEST(ten.bytes[10] == 0xFF);
  BOOST_TEST(ten.bytes[12] == 10);
  BOOST_TEST(parse_cidr("192.0.2.1").value().bits == 128u);
  BOOST_TEST(parse_cidr("2001:db8::/32").value().bits == 32u);
  BOOST_TEST(parse_cidr("0.0.0.0/0").value().bits == 96u);
  BOOST_TEST(parse_cidr("::/0").value().bits == 0u);
  for (const char* wrong : {"", "10.0.0.1/8", "10.0.0.0/33", "10.0.0/8", "::/129", "::1/64",
                            "10.0.0.0/", "10.0.0.0/+8", "example.com", "10.0.0.0/8 "}) {
    BOOST_TEST(!parse_cidr(wrong).has_value(), wrong);
  }
  BOOST_TEST(format_cidr(*clear_host_bits("10.1.2.3/8")) == "10.0.0.0/8");
  for (const char* text : {"10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::1", "0.0.0.0/0"}) {
    BOOST_TEST(format_cidr(*parse_cidr(text)) == text);
  }
}

BOOST_AUTO_TEST_CASE(addresses_have_a_port_or_are_sockets) {
  BOOST_TEST(parse_address(":8080").value().host.empty());
  BOOST_TEST(parse_address("[::1]:80").value().host == "::1");
  BOOST_TEST(parse_address("app_1.internal:80").value().port == 80);
  BOOST_TEST(parse_address("unix:/run/app.sock").value().path == "/run/app.sock");
  for (const char* wrong :
       {"", "8080", "a", "a:", "a:70000", "a:-1", "a:+80", "::1:80", "[::1]", "[::1:80",
        "[1.2.3.4]:80", "unix:", "unix:run", "a b:80", "-a:80", "http://a:80"}) {
    BOOST_TEST(!parse_address(wrong).has_value(), wrong);
  }
  BOOST_TEST(!parse_address("unix:/" + std::string(200, 'a')).has_value());
  for (const char* text : {":8080", "[::1]:80", "example.com:80", "unix:/run/app.sock"}) {
    BOOST_TEST(format_address(*parse_address(text)) == text);
  }
}

BOOST_AUTO_TEST_CASE(plain_addresses_know_their_family) {
  BOOST_TEST(parse_ip("192.0.2.1").value().family == 4);
  BOOST_TEST(parse_ip("::1").value().family == 6);
  BOOST_TEST(!parse_ip("[::1]").has_value());
  BOOST_TEST(!parse_ip("1.2.3").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
