// SPDX-License-Identifier: Apache-2.0
#include "http/fields.hpp"

#include "http/names.hpp"
#include "http/transcript.hpp"

#include <array>
#include <string>

#include <boost/test/unit_test.hpp>

namespace weir::test {
namespace {

struct Fixture : Memory {
  std::string text() const {
    std::string all;
    for (const weir_field& row : fields.rows()) {
      all += std::string{as_view(row.name)} + "=" + std::string{as_view(row.value)} + " ";
    }
    return all;
  }

  Fields fields{arena};
};

constexpr uint32_t own = WEIR_INTERNED + 3;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(fields, Fixture)

BOOST_AUTO_TEST_CASE(absent_is_null_and_empty_is_not) {
  fields.add(WEIR_H_ACCEPT, "Accept", "");
  BOOST_TEST(fields.get(WEIR_H_ACCEPT).data() != nullptr);
  BOOST_TEST(fields.get(WEIR_H_AGE).data() == nullptr);
  BOOST_TEST(fields.get(own).data() == nullptr);
  BOOST_TEST(fields.find("x-nobody").data() == nullptr);
  BOOST_TEST(!fields.has(0));
}

BOOST_AUTO_TEST_CASE(get_gives_the_first_of_an_id_and_find_of_any_name) {
  fields.add(WEIR_H_COOKIE, "Cookie", "a=1");
  fields.add(own, "X-Own", "1");
  fields.add(WEIR_H_COOKIE, "cookie", "b=2");
  fields.add(own, "x-own", "2");
  fields.add(0, "X-Sent", "yes");
  BOOST_TEST(fields.get(WEIR_H_COOKIE) == "a=1");
  BOOST_TEST(fields.get(own) == "1");
  BOOST_TEST(fields.find("x-sent") == "yes");
  BOOST_TEST(fields.find("x-own") == "1");
  BOOST_TEST(fields.count(WEIR_H_COOKIE) == 2u);
  BOOST_TEST(fields.count(own) == 2u);
  BOOST_TEST(fields.count(WEIR_H_HOST) == 0u);
}

BOOST_AUTO_TEST_CASE(set_replaces_all_and_keeps_the_place_of_the_first) {
  fields.add(WEIR_H_HOST, "Host", "a");
  fields.add(WEIR_H_VIA, "Via", "1");
  fields.add(WEIR_H_AGE, "Age", "2");
  fields.add(WEIR_H_VIA, "via", "3");
  fields.set(WEIR_H_VIA, "VIA", "new");
  BOOST_TEST(text() == "Host=a VIA=new Age=2 ");
  fields.set(WEIR_H_VARY, "vary", "*");
  BOOST_TEST(text() == "Host=a VIA=new Age=2 vary=* ");
}

BOOST_AUTO_TEST_CASE(removing_keeps_the_order_and_the_index_right) {
  fields.add(WEIR_H_HOST, "Host", "a");
  fields.add(own, "X-Own", "1");
  fields.add(WEIR_H_AGE, "Age", "2");
  fields.add(WEIR_H_HOST, "Host", "b");
  BOOST_TEST(fields.remove(WEIR_H_HOST) == 2u);
  BOOST_TEST(fields.remove(WEIR_H_HOST) == 0u);
  BOOST_TEST(fields.get(WEIR_H_AGE) == "2");
  BOOST_TEST(!fields.has(WEIR_H_HOST));
  BOOST_TEST(fields.remove_if([](const weir_field& row) { return row.id == own; }) == 1u);
  BOOST_TEST(text() == "Age=2 ");
}

BOOST_AUTO_TEST_CASE(hundreds_of_rows_stay_reachable) {
  for (int i = 0; i < 300; ++i) fields.add(0, "x", "y");
  fields.add(WEIR_H_AGE, "Age", "far");
  fields.add(WEIR_H_AGE, "Age", "further");
  BOOST_TEST(fields.get(WEIR_H_AGE) == "far");
  BOOST_TEST(fields.count(WEIR_H_AGE) == 2u);
  fields.set(WEIR_H_AGE, "Age", "one");
  BOOST_TEST(fields.count(WEIR_H_AGE) == 1u);
  BOOST_TEST(fields.remove_if([](const weir_field& row) { return row.id == 0; }) == 300u);
  BOOST_TEST(text() == "Age=one ");
}

BOOST_AUTO_TEST_CASE(an_exhausted_arena_is_told_and_changes_nothing) {
  std::array<std::byte, 64> none{};
  Arena small{none, Fields::first_rows * sizeof(weir_field) + 8};
  Fields few{small};
  for (size_t i = 0; i < Fields::first_rows; ++i) BOOST_TEST(few.add(0, "x", "y"));
  BOOST_TEST(!few.add(WEIR_H_AGE, "Age", "1"));
  BOOST_TEST(few.size() == Fields::first_rows);
  BOOST_TEST(!few.has(WEIR_H_AGE));
}

BOOST_AUTO_TEST_CASE(rows_are_copied_to_another_head) {
  fields.add(WEIR_H_AGE, "Age", "1");
  Fields other{arena};
  BOOST_TEST(other.copy_rows(fields));
  fields.remove(WEIR_H_AGE);
  BOOST_TEST(other.get(WEIR_H_AGE) == "1");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
