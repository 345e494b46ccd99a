// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE static_conditions
#include "entity_tag.hpp"
#include "http_date.hpp"
#include "preconditions.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

namespace {

constexpr int64_t november = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr auto november_text = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr auto second_before = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr auto second_after = "Sun, 06 Nov 1994 08:49:38 GMT";

using Outcome = Preconditions::Outcome;

Preconditions fresh(bool date_strong = true) {
  return Preconditions{{"\"a\"", november, date_strong}};
}

std::string formatted(int64_t seconds) {
  http_date::Text room;
  return std::string{http_date::format(seconds, room)};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(conditions)

BOOST_AUTO_TEST_CASE(a_time_is_written_in_one_form) {
  BOOST_TEST(formatted(november) == november_text);
  BOOST_TEST(formatted(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  BOOST_TEST(formatted(1709164800) == "Thu, 29 Feb 2024 00:00:00 GMT");
  BOOST_TEST(formatted(4102444799) == "Thu, 31 Dec 2099 23:59:59 GMT");
}

BOOST_AUTO_TEST_CASE(a_time_is_read_in_three_forms) {
  for (const auto* text :
       {november_text, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    BOOST_TEST(http_date::parse(text).value_or(0) == november, text);
  }
  BOOST_TEST(http_date::parse("Wed Nov 16 08:49:37 1994").value_or(0) == november + 864000);
}

BOOST_AUTO_TEST_CASE(every_day_of_two_hundred_years_comes_back) {
  for (int64_t day = -25000; day < 50000; ++day) {
    const int64_t time = day * 86400 + day % 86400;
    BOOST_REQUIRE_EQUAL(http_date::parse(formatted(time)).value_or(-1), time);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_date_is_none) {
  for (const auto* text :
       {"", "0", "-1", "yesterday", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Xyz, 06 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun,06 Nov 1994",
        "Sun Nov 6 08:49:37 1994", "Sunday, 06-Nov-1994 08:49:37 GMT"}) {
    BOOST_TEST(!http_date::parse(text).has_value(), text);
  }
}

BOOST_AUTO_TEST_CASE(lists_of_tags_are_searched) {
  BOOST_TEST(lists_etag("\"a\"", "\"a\"", false));
  BOOST_TEST(lists_etag("\"x\", \"y,z\" ,\"a\"", "\"a\"", false));
  BOOST_TEST(lists_etag("W/\"a\"", "\"a\"", true));
  BOOST_TEST(!lists_etag("W/\"a\"", "\"a\"", false));
  BOOST_TEST(!lists_etag("\"A\"", "\"a\"", true));
  for (const auto* list : {"", "a", "\"a", "a\"", "w/\"a\"", "\"x\" \"", ",,,"})
    BOOST_TEST(!lists_etag(list, "\"a\"", true), list);
}

BOOST_AUTO_TEST_CASE(without_conditions_the_request_proceeds) {
  BOOST_TEST((fresh().outcome() == Outcome::proceed));
  BOOST_TEST(fresh().ranges_apply());
}

BOOST_AUTO_TEST_CASE(if_match_fails_for_any_other_tag) {
  auto other = fresh();
  other.if_match("\"b\"");
  BOOST_TEST((other.outcome() == Outcome::failed));
  other.if_match("\"a\"");  // a second line of the same list
  BOOST_TEST((other.outcome() == Outcome::proceed));
  auto any = fresh();
  any.if_match("*");
  BOOST_TEST((any.outcome() == Outcome::proceed));
  auto weak = fresh();
  weak.if_match("W/\"a\"");
  BOOST_TEST((weak.outcome() == Outcome::failed));
}

BOOST_AUTO_TEST_CASE(if_unmodified_since_counts_only_without_if_match) {
  auto old = fresh();
  old.if_unmodified_since(second_before);
  BOOST_TEST((old.outcome() == Outcome::failed));
  old.if_match("\"a\"");
  BOOST_TEST((old.outcome() == Outcome::proceed));
  auto same = fresh();
  same.if_unmodified_since(november_text);
  BOOST_TEST((same.outcome() == Outcome::proceed));
}

BOOST_AUTO_TEST_CASE(if_none_match_goes_before_if_modified_since) {
  auto known = fresh();
  known.if_none_match("\"x\", W/\"a\"");
  BOOST_TEST((known.outcome() == Outcome::not_modified));
  auto other = fresh();
  other.if_none_match("\"b\"");
  other.if_modified_since(second_after);
  BOOST_TEST((other.outcome() == Outcome::proceed));
  auto any = fresh();
  any.if_none_match("*");
  BOOST_TEST((any.outcome() == Outcome::not_modified));
}

BOOST_AUTO_TEST_CASE(if_modified_since_compares_seconds) {
  for (const auto* text : {november_text, second_after}) {
    auto known = fresh();
    known.if_modified_since(text);
    BOOST_TEST((known.outcome() == Outcome::not_modified), text);
  }
  for (const auto* text : {second_before, "no date", ""}) {
    auto unknown = fresh();
    unknown.if_modified_since(text);
    BOOST_TEST((unknown.outcome() == Outcome::proceed), text);
  }
  auto twice = fresh();
  twice.if_modified_since(november_text);
  twice.if_modified_since(november_text);
  BOOST_TEST((twice.outcome() == Outcome::proceed));
}

BOOST_AUTO_TEST_CASE(a_failed_precondition_goes_before_not_modified) {
  auto both = fresh();
  both.if_match("\"b\"");
  both.if_none_match("\"a\"");
  BOOST_TEST((both.outcome() == Outcome::failed));
}

BOOST_AUTO_TEST_CASE(if_range_wants_the_very_same_file) {
  const auto applies = [](const char* line, bool date_strong = true) {
    auto conditions = fresh(date_strong);
    conditions.if_range(line);
    return conditions.ranges_apply();
  };
  BOOST_TEST(applies("\"a\""));
  BOOST_TEST(!applies("\"b\""));
  BOOST_TEST(!applies("W/\"a\""));
  BOOST_TEST(!applies("\"a\", \"b\""));
  BOOST_TEST(applies(november_text));
  BOOST_TEST(!applies(november_text, false));
  BOOST_TEST(!applies(second_after));
  BOOST_TEST(!applies("nonsense"));
}

BOOST_AUTO_TEST_CASE(tags_differ_by_time_size_and_coding) {
  const timespec time{1, 5};
  BOOST_TEST(EntityTag(time, 255, "").view() == "\"3b9aca05-ff\"");
  BOOST_TEST(EntityTag(time, 255, "br").view() == "\"3b9aca05-ff-br\"");
  BOOST_TEST(EntityTag({1, 6}, 255, "").view() == "\"3b9aca06-ff\"");
}

BOOST_AUTO_TEST_SUITE_END()
