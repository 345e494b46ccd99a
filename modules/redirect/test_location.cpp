// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE location
#include "location.hpp"

#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

namespace {

std::string url(std::string_view scheme, std::string_view authority, std::string_view target,
                std::string_view kept = {}) {
  Place place;
  place.scheme = scheme;
  place.authority = split_authority(authority);
  set_target(target, kept, place);
  std::string text;
  append_location(place, text);
  return text;
}

Place place(std::string_view scheme, std::string_view authority, std::string_view target) {
  Place place;
  place.scheme = scheme;
  place.authority = split_authority(authority);
  set_target(target, {}, place);
  return place;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_url_says_a_port_only_if_it_must) {
  BOOST_TEST(url("https", "a.test", "/x") == "https://a.test/x");
  BOOST_TEST(url("https", "a.test:443", "/x") == "https://a.test/x");
  BOOST_TEST(url("https", "a.test:80", "/x") == "https://a.test:80/x");
  BOOST_TEST(url("http", "a.test:80", "/") == "http://a.test/");
  BOOST_TEST(url("http", "a.test:8080", "/") == "http://a.test:8080/");
  BOOST_TEST(url("http", "[::1]:8080", "/") == "http://[::1]:8080/");
  BOOST_TEST(url("http", "[::1]", "/") == "http://[::1]/");
}

BOOST_AUTO_TEST_CASE(without_a_scheme_it_is_a_path) {
  BOOST_TEST(url("", "a.test", "/x?y") == "/x?y");
}

BOOST_AUTO_TEST_CASE(a_path_never_becomes_a_host) {
  BOOST_TEST(url("", "", "//evil.test/x") == "/evil.test/x");
  BOOST_TEST(url("", "", "///evil.test") == "/evil.test");
  BOOST_TEST(url("", "", "/\\evil.test") == "/%5Cevil.test");
  BOOST_TEST(url("", "", "evil.test") == "/evil.test");
  BOOST_TEST(url("", "", "") == "/");
  BOOST_TEST(url("", "", "?a") == "/?a");
  BOOST_TEST(url("https", "a.test", "@evil.test/") == "https://a.test/@evil.test/");
  BOOST_TEST(url("", "", "/javascript:alert(1)") == "/javascript:alert(1)");
}

BOOST_AUTO_TEST_CASE(no_byte_can_split_the_response) {
  BOOST_TEST(url("", "", "/a\r\nSet-Cookie: x=1") == "/a%0D%0ASet-Cookie:%20x=1");
  BOOST_TEST(url("", "", "/a", "b\r\nc") == "/a?b%0D%0Ac");
  BOOST_TEST(url("", "", std::string_view{"/\0\x7f\xff", 4}) == "/%00%7F%FF");
  BOOST_TEST(url("", "", "/a#b\"<>") == "/a%23b%22%3C%3E");
}

BOOST_AUTO_TEST_CASE(escapes_stay_and_a_lone_percent_becomes_one) {
  BOOST_TEST(url("", "", "/a%20b%2Fc?d%26e") == "/a%20b%2Fc?d%26e");
  BOOST_TEST(url("", "", "/100%") == "/100%25");
}

BOOST_AUTO_TEST_CASE(the_query_that_is_kept_comes_last) {
  BOOST_TEST(url("", "", "/a", "x=1") == "/a?x=1");
  BOOST_TEST(url("", "", "/a?b=2", "x=1") == "/a?b=2&x=1");
  BOOST_TEST(url("", "", "/a?", "") == "/a");
}

BOOST_AUTO_TEST_CASE(urls_are_the_same_when_a_client_would_ask_the_same) {
  const Place here = place("http", "a.test:80", "/x?y");
  BOOST_TEST(same(place("http", "a.test", "/x?y"), here));
  BOOST_TEST(same(place("", "", "/x?y"), here));
  BOOST_TEST(!same(place("https", "a.test", "/x?y"), here));
  BOOST_TEST(!same(place("http", "a.test:81", "/x?y"), here));
  BOOST_TEST(!same(place("http", "b.test", "/x?y"), here));
  BOOST_TEST(!same(place("http", "a.test", "/x"), here));
  BOOST_TEST(!same(place("", "", "/y?y"), here));
}

BOOST_AUTO_TEST_CASE(an_authority_is_host_and_port) {
  BOOST_TEST(split_authority("a.test").port == 0U);
  BOOST_TEST(split_authority("a.test:81").port == 81U);
  BOOST_TEST(split_authority("a.test:81").host == "a.test");
  BOOST_TEST(split_authority("[::1]:81").host == "[::1]");
  BOOST_TEST(split_authority("[::1]").host == "[::1]");
  BOOST_TEST(split_authority("a.test:").port == 0U);
  BOOST_TEST(split_authority("a.test:99999").port == 0U);
}

BOOST_AUTO_TEST_CASE(a_host_is_a_name_or_an_address) {
  for (const char* good : {"a.test", "1.2.3.4", "[::1]", "x_y", "A-b"}) {
    BOOST_TEST_CONTEXT(good) BOOST_TEST(is_host(good));
  }
  for (const char* bad : {"", "a:1", "a/b", "a@b", "[]", "[x]", "a b", "a\r\n", "a%2e", "::1"}) {
    BOOST_TEST_CONTEXT(bad) BOOST_TEST(!is_host(bad));
  }
}
