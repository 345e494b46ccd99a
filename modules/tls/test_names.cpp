// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE tls_names
#include "host_name.hpp"

#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

using namespace std::string_view_literals;

namespace {

std::string extension(std::string_view name, char type = 0) {
  const auto two = [](size_t n) {
    return std::string{static_cast<char>(n >> 8U), static_cast<char>(n & 255U)};
  };
  return two(name.size() + 3) + type + two(name.size()) + std::string{name};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(host_names)

BOOST_AUTO_TEST_CASE(are_lower_case_and_without_a_final_dot) {
  BOOST_TEST(host_name("WWW.Example.COM").value() == "www.example.com");
  BOOST_TEST(host_name("example.com.").value() == "example.com");
}

BOOST_AUTO_TEST_CASE(of_odd_bytes_are_none) {
  for (const auto text : {""sv, "."sv, ".a"sv, "a..b"sv, "a b"sv, "a/b"sv, "a\0b"sv, "a.test\0"sv,
                          "*.a.test"sv, "\xc3\xa4.test"sv}) {
    BOOST_TEST(!host_name(text), text);
  }
  BOOST_TEST(!host_name(std::string(254, 'a')));
}

BOOST_AUTO_TEST_CASE(of_certificates_may_begin_with_a_wildcard) {
  BOOST_TEST(host_name("*.A.test", true).value() == "*.a.test");
  BOOST_TEST(!host_name("*", true));
  BOOST_TEST(!host_name("*.", true));
  BOOST_TEST(!host_name("*..a", true));
  BOOST_TEST(!host_name("a*.test", true));
  BOOST_TEST(!host_name("*.*.test", true));
}

BOOST_AUTO_TEST_CASE(a_wildcard_covers_one_label) {
  BOOST_TEST(covers("*.a.test", "x.a.test"));
  BOOST_TEST(!covers("*.a.test", "x.y.a.test"));
  BOOST_TEST(!covers("*.a.test", "a.test"));
  BOOST_TEST(!covers("*.a.test", ".a.test"));
  BOOST_TEST(covers("a.test", "a.test"));
  BOOST_TEST(!covers("a.test", "a.tes"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(server_names)

BOOST_AUTO_TEST_CASE(are_read_from_the_extension) {
  BOOST_TEST(server_name_of(extension("A.test")).value() == "a.test");
}

BOOST_AUTO_TEST_CASE(that_are_malformed_are_refused_at_every_length) {
  const auto whole = extension("a.test");
  for (size_t n = 0; n < whole.size(); ++n) BOOST_TEST(!server_name_of(whole.substr(0, n)));
  BOOST_TEST(!server_name_of(whole + "x"));
  BOOST_TEST(!server_name_of(extension("a.test", 1)));
  BOOST_TEST(!server_name_of(extension("")));
  BOOST_TEST(!server_name_of(extension("a.test\0.b.test"sv)));
}

BOOST_AUTO_TEST_SUITE_END()
