// SPDX-License-Identifier: Apache-2.0
//
// Runs in the root of the tree: it reads the kernel's own sources.
#include "command/reasons.hpp"

#include <fstream>
#include <iterator>
#include <string>

#include <boost/test/unit_test.hpp>

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

BOOST_AUTO_TEST_SUITE(reasons)

BOOST_AUTO_TEST_CASE(every_reason_of_an_own_answer_has_a_meaning) {
  size_t seen = 0;
  for (const char* name : {"exchange", "exchange_request", "exchange_serve", "exchange_response"}) {
    const std::string text = text_of(std::string("kernel/chain/") + name + ".cpp");
    constexpr std::string_view call = "answer_error(";
    for (size_t at = text.find(call); at != text.npos; at = text.find(call, at + 1)) {
      const std::string arguments = text.substr(at, text.find(')', at) - at);
      const size_t begin = arguments.find('"');
      if (begin == arguments.npos) continue;
      const std::string word =
          arguments.substr(begin + 1, arguments.find('"', begin + 1) - begin - 1);
      BOOST_TEST(!weir::meaning_of(word).empty(), word);
      ++seen;
    }
  }
  BOOST_TEST(seen > 10);
}

BOOST_AUTO_TEST_CASE(refusals_bring_theirs_and_modules_words_have_none) {
  BOOST_TEST(weir::meaning_of("path_slash") == "an escaped slash in the path");
  BOOST_TEST(weir::meaning_of("rate_limited").empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
