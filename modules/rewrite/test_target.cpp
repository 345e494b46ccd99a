// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE target
#include "target.hpp"

#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

namespace {

std::string escaped(std::string_view text) {
  std::string result;
  append_escaped(text, result);
  return result;
}

std::string without(std::string_view query, std::string_view pattern) {
  std::string result;
  append_without(
      query, [&](std::string_view name) { return names(pattern, name); }, result);
  return result;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_prefix_is_taken_off_by_whole_segments) {
  struct Case {
    std::string_view path, prefix, rest;
  };
  const Case cases[] = {
      {"/api/x", "/api", "/x"},
      {"/api/x", "/api/", "/x"},
      {"/api", "/api", "/"},
      {"/api/", "/api", "/"},
      {"/api", "/api/", "/"},
      {"/apix", "/api", "/apix"},
      {"/ap", "/api", "/ap"},
      {"/", "/api", "/"},
      {"/x/api/y", "/api", "/x/api/y"},
      {"/a/b/c", "/a/b", "/c"},
      {"/a/bc", "/a/b", "/a/bc"},
      {"/API/x", "/api", "/API/x"},
      {"/a", "/", "/a"},
      {"/", "/", "/"},
      {"/a", "", "/a"},
      {"/a%20b/c", "/a%20b", "/c"},
      {"/api%2Fx", "/api", "/api%2Fx"},
  };
  for (const Case& c : cases) {
    BOOST_TEST_CONTEXT(c.path << " without " << c.prefix)
    BOOST_TEST(without_prefix(c.path, c.prefix) == c.rest);
  }
}

BOOST_AUTO_TEST_CASE(a_prefix_that_can_be_no_path_is_a_flaw) {
  for (const char* good : {"/", "/api", "/api/", "/a%20b", "/a/b.c~d"}) {
    BOOST_TEST_CONTEXT(good) BOOST_TEST(flaw_of_prefix(good) == nullptr);
  }
  for (const char* bad : {"", "api", "/a b", "/a//b", "//", "/a?b", "/%zz", "/%2", "/\x7f", "/a#b",
                          "/a\\b", "/\xc3\xa4"}) {
    BOOST_TEST_CONTEXT(bad) BOOST_TEST(flaw_of_prefix(bad) != nullptr);
  }
}

BOOST_AUTO_TEST_CASE(bytes_that_may_not_stand_in_a_path_are_escaped) {
  BOOST_TEST(escaped("/a-b._~/!$&'()*+,;=:@?") == "/a-b._~/!$&'()*+,;=:@?");
  BOOST_TEST(escaped("/a b") == "/a%20b");
  BOOST_TEST(escaped("/a#b\\c") == "/a%23b%5Cc");
  BOOST_TEST(escaped("/\xc3\xa4") == "/%C3%A4");
  BOOST_TEST(escaped(std::string_view{"\0\r\n\x7f", 4}) == "%00%0D%0A%7F");
  BOOST_TEST(escaped("<\">[]^`{|}") == "%3C%22%3E%5B%5D%5E%60%7B%7C%7D");
}

BOOST_AUTO_TEST_CASE(escapes_stay_and_a_lone_percent_becomes_one) {
  BOOST_TEST(escaped("%20%2f%C3") == "%20%2f%C3");
  BOOST_TEST(escaped("100%") == "100%25");
  BOOST_TEST(escaped("%2") == "%252");
  BOOST_TEST(escaped("%zz") == "%25zz");
}

BOOST_AUTO_TEST_CASE(queries_are_joined) {
  std::string query;
  append_query("", query);
  BOOST_TEST(query.empty());
  append_query("a=1", query);
  append_query("", query);
  append_query("b", query);
  BOOST_TEST(query == "a=1&b");
}

BOOST_AUTO_TEST_CASE(parameters_are_named_however_they_are_spelled) {
  BOOST_TEST(names("a", "a"));
  BOOST_TEST(names("a", "%61"));
  BOOST_TEST(names("a b", "a+b"));
  BOOST_TEST(names("a b", "a%20b"));
  BOOST_TEST(names("", ""));
  BOOST_TEST(!names("a", "A"));
  BOOST_TEST(!names("a", "ab"));
  BOOST_TEST(!names("ab", "a"));
  BOOST_TEST(!names("a", "%6"));
  BOOST_TEST(names("utm_*", "utm_source"));
  BOOST_TEST(names("utm_*", "utm_"));
  BOOST_TEST(names("utm_*", "%75tm_x"));
  BOOST_TEST(!names("utm_*", "utm"));
  BOOST_TEST(names("*", "anything"));
}

BOOST_AUTO_TEST_CASE(parameters_are_dropped_and_the_others_keep_their_order) {
  BOOST_TEST(without("a=1&b=2&c=3", "b") == "a=1&c=3");
  BOOST_TEST(without("a=1&a=2&a", "a") == "");
  BOOST_TEST(without("a=1&b=2", "x") == "a=1&b=2");
  BOOST_TEST(without("a=b&b=a", "a") == "b=a");
  BOOST_TEST(without("utm_a=1&x=2&utm_b", "utm_*") == "x=2");
  BOOST_TEST(without("", "a") == "");
  BOOST_TEST(without("&&a=1&", "b") == "a=1");
  BOOST_TEST(without("a=x%26b=1&c", "b") == "a=x%26b=1&c");
}
