// SPDX-License-Identifier: Apache-2.0
#include "http/names.hpp"

#include "http/seeded.hpp"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <string>
#include <thread>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace weir::test {
namespace {

std::string upper(std::string_view text) {
  std::string copy{text};
  std::transform(copy.begin(), copy.end(), copy.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return copy;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(names)

BOOST_AUTO_TEST_CASE(every_well_known_name_has_its_constant_id_in_any_case) {
  const Names names;
  for (uint32_t id = 1; id < WEIR_H_COUNT; ++id) {
    const auto text = names.text(id);
    BOOST_TEST(names.find(text) == id, text);
    BOOST_TEST(names.find(upper(text)) == id, text);
  }
  BOOST_TEST(names.find("content-length") == uint32_t{WEIR_H_CONTENT_LENGTH});
  BOOST_TEST(names.find("request.path") == uint32_t{WEIR_A_REQUEST_PATH});
  BOOST_TEST(names.text(WEIR_A_TIME_UNIX) == "time.unix");
}

BOOST_AUTO_TEST_CASE(a_field_that_is_called_like_an_attribute_has_its_id) {
  Names names;
  BOOST_TEST(names.find("Route") == uint32_t{WEIR_A_ROUTE});
  BOOST_TEST(names.intern("route") == uint32_t{WEIR_A_ROUTE});
}

BOOST_AUTO_TEST_CASE(unknown_names_have_no_id) {
  const Names names;
  for (const auto* const name :
       {"", "x", "hos", "hostt", "content-lengti", "x-never-named-by-anyone"}) {
    BOOST_TEST(names.find(name) == 0u, name);
  }
}

BOOST_AUTO_TEST_CASE(only_letters_fold) {
  Names names;
  const uint32_t id = names.intern("a^b_c");
  BOOST_TEST(names.find("A^B_C") == id);
  BOOST_TEST(names.find("a~b_c") == 0u);
  BOOST_TEST(names.find("a^b\x7f"
                        "c") == 0u);
  BOOST_TEST(names.find(std::string_view{"hos\x14", 4}) == 0u);
}

BOOST_AUTO_TEST_CASE(interning_is_lower_case_and_idempotent) {
  Names names;
  const uint32_t id = names.intern("X-Tenant");
  BOOST_TEST(id == uint32_t{WEIR_INTERNED});
  BOOST_TEST(names.intern("x-tenant") == id);
  BOOST_TEST(names.text(id) == "x-tenant");
  BOOST_TEST(names.intern("HOST") == uint32_t{WEIR_H_HOST});
  BOOST_TEST(names.intern("x-other") == id + 1);
  BOOST_TEST(names.text(id + 100000).empty());
  BOOST_TEST(names.text(600).empty());
}

BOOST_AUTO_TEST_CASE(names_that_differ_in_the_middle_only_are_different) {
  Names names;
  const std::string one = "x-12345678-AAAAAAAA-12345678";
  const std::string two = "x-12345678-AAAABAAA-12345678";
  const uint32_t id = names.intern(one);
  BOOST_TEST(names.find(two) == 0u);
  BOOST_TEST(names.intern(two) != id);
  BOOST_TEST(names.find(one) == id);
}

BOOST_AUTO_TEST_CASE(thousands_of_names_keep_their_ids_and_texts) {
  WEIR_SHOW_SEED() {
    Seeded random;
    Names names;
    std::vector<std::pair<std::string, uint32_t>> given;
    for (int i = 0; i < 5000; ++i) {
      const std::string name = "x" + random.text("abc-", 40) + std::to_string(i);
      given.emplace_back(name, names.intern(name));
    }
    for (const auto& [name, id] : given) {
      BOOST_REQUIRE_EQUAL(names.find(upper(name)), id);
      BOOST_REQUIRE_EQUAL(names.text(id), name);
    }
  }
}

BOOST_AUTO_TEST_CASE(lookups_run_while_the_table_grows) {
  Names names;
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::thread reader{[&] {
    while (!done) {
      if (names.find("Content-Type") != WEIR_H_CONTENT_TYPE) ++wrong;
      const uint32_t id = names.find("x-name-700");
      if (id != 0 && names.text(id) != "x-name-700") ++wrong;
    }
  }};
  for (int i = 0; i < 3000; ++i) names.intern("x-name-" + std::to_string(i));
  done = true;
  reader.join();
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
