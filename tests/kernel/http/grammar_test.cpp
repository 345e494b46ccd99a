// SPDX-License-Identifier: Apache-2.0
#include "http/grammar.hpp"

#include "http/transcript.hpp"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace weir::test {
namespace {

std::vector<std::string> elements_of(std::string_view list) {
  std::vector<std::string> found;
  Elements elements{list};
  while (const auto element = elements.next()) found.emplace_back(*element);
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(grammar)

BOOST_AUTO_TEST_CASE(a_length_is_digits_that_fit_63_bits) {
  BOOST_TEST(parse_length("0").value() == 0u);
  BOOST_TEST(parse_length("0042").value() == 42u);
  BOOST_TEST(parse_length("9223372036854775807").value() == 9223372036854775807u);
  for (const auto* const bad :
       {"", "9223372036854775808", "9999999999999999999", "00000000000000000000", "+1", "-1", "0x1",
        "1 ", " 1", "1,1", "1a"}) {
    BOOST_TEST(!parse_length(bad), bad);
  }
}

BOOST_AUTO_TEST_CASE(a_token_is_not_empty_and_has_no_separator) {
  BOOST_TEST(is_token("X-Name_1.~"));
  for (const auto* const bad : {"", "a b", "a:", "(a)", "a\t", "\"a\"", "a\x7f", "\xc3\xa9"}) {
    BOOST_TEST(!is_token(bad), bad);
  }
}

BOOST_AUTO_TEST_CASE(a_plain_name_is_letters_digits_and_dashes) {
  BOOST_TEST(is_plain_name("X-Forwarded-For2"));
  BOOST_TEST(!is_plain_name(""));
  BOOST_TEST(!is_plain_name("X_User"));
  BOOST_TEST(!is_plain_name("X.User"));
}

BOOST_AUTO_TEST_CASE(a_value_may_hold_tabs_and_high_bytes_but_no_controls) {
  BOOST_TEST(is_field_value(""));
  BOOST_TEST(is_field_value("a\tb \xff"));
  for (const char bad : {'\0', '\r', '\n', '\x01', '\x1f', '\x7f'}) {
    BOOST_TEST(!is_field_value(std::string{"ab"} + bad), static_cast<int>(bad));
  }
}

BOOST_AUTO_TEST_CASE(trimming_leaves_an_empty_view_that_is_not_null) {
  BOOST_TEST(trim(" \ta b\t ") == "a b");
  BOOST_TEST(trim("  ").empty());
  BOOST_TEST(trim("  ").data() != nullptr);
}

BOOST_AUTO_TEST_CASE(a_list_gives_trimmed_elements_with_the_empty_ones) {
  BOOST_TEST(elements_of("a, b\t,c") == (std::vector<std::string>{"a", "b", "c"}),
             boost::test_tools::per_element());
  BOOST_TEST(elements_of(",a,") == (std::vector<std::string>{"", "a", ""}),
             boost::test_tools::per_element());
  BOOST_TEST(elements_of("").size() == 1u);
}

BOOST_AUTO_TEST_CASE(lower_case_copies_only_what_it_must) {
  Memory memory;
  const std::string_view same = "abc-1";
  BOOST_TEST(lower_case(same, memory.arena).data() == same.data());
  BOOST_TEST(lower_case("AbC@[", memory.arena) == "abc@[");
}

BOOST_AUTO_TEST_CASE(comparing_folds_letters_and_nothing_else) {
  BOOST_TEST(equal_ignoring_case("Host", "hOST"));
  BOOST_TEST(!equal_ignoring_case("a@", "a`"));
  BOOST_TEST(!equal_ignoring_case("a", "ab"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
