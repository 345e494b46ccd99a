// SPDX-License-Identifier: Apache-2.0
#include "http/scan.hpp"

#include "http/seeded.hpp"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace weir::test {
namespace {

// From every place of texts that hold mostly bytes that pass and every byte now and then.
template <class Stop>
void check_equal_by_property() {
  WEIR_SHOW_SEED() {
    Seeded random;
    for (int round = 0; round < 2000; ++round) {
      std::string text(random.below(70), 'a');
      for (char& c : text) {
        if (random.once_in(9)) c = static_cast<char>(random.below(256));
      }
      // A copy of exactly this size, so that a sanitizer sees a byte read past it.
      const std::vector<char> exact{text.begin(), text.end()};
      const std::string_view view{exact.data(), exact.size()};
      for (size_t from = 0; from <= view.size(); ++from) {
        BOOST_REQUIRE_EQUAL(scan::find<Stop>(view, from), scan::find_by_byte<Stop>(view, from));
      }
    }
  }
}

// Copies are exact, and tell of a byte that stops wherever it stands.
template <class Stop>
void check_copy_by_property() {
  WEIR_SHOW_SEED() {
    Seeded random;
    for (int round = 0; round < 4000; ++round) {
      std::vector<char> from(random.below(70), 'a');
      if (!from.empty() && random.once_in(2)) {
        from[random.below(from.size())] = static_cast<char>(random.below(256));
      }
      const std::string_view view{from.data(), from.size()};
      std::vector<char> to(from.size());  // of exactly this size, for the sanitizer
      const bool passes = scan::copy<Stop>(view, to.data());
      BOOST_REQUIRE_EQUAL(passes, scan::find_by_byte<Stop>(view) == view.size());
      BOOST_REQUIRE_EQUAL(passes, scan::none<Stop>(view));
      if (passes) BOOST_REQUIRE(from == to);
    }
  }
}

// Each length up to two vectors and a half, and a byte that stops in each place of it.
template <class Stop>
void check_copy_at_each_place(char stop) {
  for (size_t size = 0; size <= 40; ++size) {
    for (size_t at = 0; at <= size; ++at) {
      std::vector<char> from(size, 'a');
      if (at < size) from[at] = stop;
      const std::string_view view{from.data(), size};
      std::string to(size + 2, '#');
      BOOST_REQUIRE_EQUAL(scan::copy<Stop>(view, to.data() + 1), at == size);
      BOOST_REQUIRE_EQUAL(scan::none<Stop>(view), at == size);
      BOOST_REQUIRE_EQUAL(to.front(), '#');
      BOOST_REQUIRE_EQUAL(to.back(), '#');
      if (at == size) BOOST_REQUIRE_EQUAL(to.substr(1, size), view);
    }
  }
}

template <class Stop>
void check_every_byte() {
  for (int value = 0; value < 256; ++value) {
    const std::string text(16, static_cast<char>(value));
    const bool stops = Stop::stops(static_cast<unsigned char>(value));
    BOOST_TEST(scan::find<Stop>(text) == (stops ? 0u : 16u), "byte " << value);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(scan_for_bytes)

BOOST_AUTO_TEST_CASE(the_vector_spelling_equals_the_definition_for_each_byte) {
  check_every_byte<scan::LineBreak>();
  check_every_byte<scan::ValueEnd>();
  check_every_byte<scan::TargetEnd>();
  check_every_byte<scan::PlainNameEnd>();
}

BOOST_AUTO_TEST_CASE(a_copy_is_exact_and_tells_of_bytes_that_stop) {
  check_copy_by_property<scan::ValueEnd>();
  check_copy_by_property<scan::Never>();
}

BOOST_AUTO_TEST_CASE(a_copy_of_each_length_sees_each_place_and_writes_nothing_beside) {
  for (const char stop : {'\0', '\r', '\n', '\x7f'}) check_copy_at_each_place<scan::ValueEnd>(stop);
}

BOOST_AUTO_TEST_CASE(the_vector_spelling_equals_the_definition_at_each_place) {
  check_equal_by_property<scan::LineBreak>();
  check_equal_by_property<scan::ValueEnd>();
  check_equal_by_property<scan::TargetEnd>();
  check_equal_by_property<scan::PlainNameEnd>();
}

BOOST_AUTO_TEST_CASE(an_empty_text_and_a_start_at_the_end_find_nothing) {
  BOOST_TEST(scan::find<scan::LineBreak>({}) == 0u);
  BOOST_TEST(scan::find<scan::LineBreak>("\r\n", 2) == 2u);
  BOOST_TEST(scan::find<scan::LineBreak>("0123456789abcdef\r", 16) == 16u);
}

BOOST_AUTO_TEST_CASE(a_token_is_what_rfc_9110_says) {
  for (int value = 0; value < 256; ++value) {
    const bool expected = (value >= '0' && value <= '9') || (value >= 'a' && value <= 'z') ||
                          (value >= 'A' && value <= 'Z') ||
                          (value != 0 && std::string_view{"!#$%&'*+-.^_`|~"}.find(
                                             static_cast<char>(value)) != std::string_view::npos);
    BOOST_TEST(scan::TokenEnd::stops(static_cast<unsigned char>(value)) == !expected, value);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
