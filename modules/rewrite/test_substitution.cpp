// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE substitution
#include "substitution.hpp"

#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

namespace {

using Outcome = Substitution::Outcome;

std::string replaced(std::string_view regex, std::string_view replacement, std::string_view text) {
  Substitution substitution;
  const auto flaw = substitution.compile(regex, replacement);
  if (flaw) return "flaw: " + flaw->message;
  std::string result = "left over";
  const auto outcome = substitution.apply(text, result);
  return outcome == Outcome::unmatched ? "unmatched: " + result : result;
}

std::string flaw_of(std::string_view regex, std::string_view replacement) {
  Substitution substitution;
  const auto flaw = substitution.compile(regex, replacement);
  if (!flaw) return "";
  return (flaw->in_regex ? "regex: " : "replace: ") + flaw->message;
}

struct Case {
  std::string_view regex, replacement, text, result;
};

}  // namespace

BOOST_AUTO_TEST_CASE(each_match_is_replaced_and_the_rest_stays) {
  const Case cases[] = {
      {"^/old/", "/new/", "/old/a", "/new/a"},
      {"/old/", "/new/", "/old/x/old/y", "/new/x/new/y"},
      {"old", "new", "/a/old/b/oldold", "/a/new/b/newnew"},
      {"^/user/([0-9]+)$", "/u/{1}", "/user/17", "/u/17"},
      {"^/user/([0-9]+)", "/u/{1}", "/user/17/edit", "/u/17/edit"},
      {"^/(\\w+)/(\\w+)$", "/{2}/{1}", "/a/b", "/b/a"},
      {"^/(?P<id>\\d+)$", "/item/{id}", "/42", "/item/42"},
      {"^/(?P<lang>[a-z]{2})/", "/{lang}-x{lang}/{1}{0}", "/de/home", "/de-xde/de/de/home"},
      {"^/(a)|(b)$", "<{1}{2}>", "/a/b", "<a>/<b>"},
      {"\\.html$", "", "/page.html", "/page"},
      {"^(/.*)\\.php$", "{1}", "/x.php", "/x"},
      {"(?i)^/IMG/", "/images/", "/img/a.png", "/images/a.png"},
      {"/+$", "", "/a/b/", "/a/b"},
      {"^/a(/.*)?$", "/b{1}", "/a", "/b"},
      {"^/a(/.*)?$", "/b{1}", "/a/c/d", "/b/c/d"},
      {"%20", "-", "/a%20b%20c", "/a-b-c"},
      {"x*", "-", "/xx/", "-/-/-"},
      {"b*", "-", "abc", "-a-c-"},
      {"^", "/v1", "/a", "/v1/a"},
      {"$", "/", "/a", "/a/"},
      {".*", "/fixed", "/any/thing", "/fixed"},
      {"^/q/(.*)$", "/s?q={1}", "/q/cats", "/s?q=cats"},
      {"^/a", "/{{1}}", "/a", "/{1}"},
      {"a{2}", "b", "/aa", "/b"},
      {"^/(\\d+)$", "/{1}0", "/7", "/70"},
      {"[", "", "", "flaw: not a regular expression: missing ]: ["},
  };
  for (const Case& c : cases) {
    BOOST_TEST_CONTEXT(c.regex << " on " << c.text)
    BOOST_TEST(replaced(c.regex, c.replacement, c.text) == c.result);
  }
}

BOOST_AUTO_TEST_CASE(without_a_match_the_text_stays) {
  BOOST_TEST(replaced("^/old/", "/new/", "/other/old/") == "unmatched: /other/old/");
  BOOST_TEST(replaced("x", "y", "") == "unmatched: ");
}

BOOST_AUTO_TEST_CASE(what_was_replaced_is_not_looked_at_again) {
  BOOST_TEST(replaced("a", "aa", "/a") == "/aa");
  BOOST_TEST(replaced("^/(.*)$", "/x/{1}", "/{1}") == "/x/{1}");
}

BOOST_AUTO_TEST_CASE(flaws_are_found_at_load) {
  BOOST_TEST(flaw_of("^/(a", "/") == "regex: not a regular expression: missing ): ^/(a");
  BOOST_TEST(flaw_of("(?=a)", "/").find("regex: ") == 0U);
  BOOST_TEST(flaw_of("^/(a)", "/{2}") == "replace: regex has no group '2'");
  BOOST_TEST(flaw_of("^/(a)", "/{id}") == "replace: regex has no group 'id'");
  BOOST_TEST(flaw_of("^/(a)", "/{}") == "replace: regex has no group ''");
  BOOST_TEST(flaw_of("^/(a)", "/{-1}") == "replace: regex has no group '-1'");
  BOOST_TEST(flaw_of("^/(a)", "/{99999999999999999999}") ==
             "replace: regex has no group '99999999999999999999'");
  BOOST_TEST(flaw_of("^/(a)", "/{1") == "replace: a lone '{'");
  BOOST_TEST(flaw_of("^/(a)", "/1}") == "replace: a lone '}'");
  std::string many;
  for (size_t i = 0; i < Substitution::most_groups; ++i) many += "(a)?";
  BOOST_TEST(flaw_of(many, "/") == "regex: more than 31 groups");
}

BOOST_AUTO_TEST_CASE(a_result_is_bounded) {
  Substitution substitution;
  BOOST_TEST(!substitution.compile("a", std::string(1000, 'b')));
  std::string result;
  BOOST_TEST((substitution.apply(std::string(8000, 'a'), result) == Outcome::too_long));
  BOOST_TEST(result.size() < Substitution::most_bytes + 2000);
}

BOOST_AUTO_TEST_CASE(an_evil_expression_takes_linear_time) {
  Substitution substitution;
  BOOST_TEST(!substitution.compile("^/(a+)+$", "/x"));
  std::string result;
  const std::string text = "/" + std::string(30'000, 'a') + "!";
  BOOST_TEST((substitution.apply(text, result) == Outcome::unmatched));
}
