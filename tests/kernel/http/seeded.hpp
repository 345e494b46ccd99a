// SPDX-License-Identifier: Apache-2.0
//
// Random choices that can be repeated: the seed is shown with every failure and taken from
// WEIR_SEED when that is set.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

namespace weir::test {

inline uint64_t chosen_seed() {
  static const uint64_t seed = [] {
    const char* const given = std::getenv("WEIR_SEED");
    return given == nullptr ? std::random_device{}() : std::strtoull(given, nullptr, 10);
  }();
  BOOST_TEST_MESSAGE("WEIR_SEED=" << seed);
  return seed;
}

class Seeded {
 public:
  Seeded() : engine_(chosen_seed()) {}

  size_t below(size_t end) { return std::uniform_int_distribution<size_t>{0, end - 1}(engine_); }
  bool once_in(size_t n) { return below(n) == 0; }

  std::string text(std::string_view alphabet, size_t longest) {
    std::string text(below(longest + 1), '\0');
    for (char& c : text) c = alphabet[below(alphabet.size())];
    return text;
  }

  std::string bytes(size_t longest) {
    std::string text(below(longest + 1), '\0');
    for (char& c : text) c = static_cast<char>(below(256));
    return text;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace weir::test

// Names the seed in the message of whatever fails below it.
#define WEIR_SHOW_SEED() BOOST_TEST_CONTEXT("WEIR_SEED=" << ::weir::test::chosen_seed())
