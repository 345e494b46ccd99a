// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE json
#include "json.hpp"

#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

namespace {

std::string quoted(std::string_view text) {
  std::string result;
  append_quoted(text, result);
  return result;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_object_has_a_member_a_line) {
  std::string text;
  JsonObject object{text};
  object.text("method", "GET");
  object.open("fields");
  object.pair("Host", "a");
  object.pair("X", "1");
  object.close();
  object.open("none");
  object.close();
  object.number("body_bytes", 18446744073709551615U);
  object.end();
  BOOST_TEST(
      text ==
      "{\n  \"method\": \"GET\",\n  \"fields\": [\n    [\"Host\", \"a\"],\n"
      "    [\"X\", \"1\"]\n  ],\n  \"none\": [],\n  \"body_bytes\": 18446744073709551615\n}\n");
}

BOOST_AUTO_TEST_CASE(any_byte_can_stand_in_a_text) {
  BOOST_TEST(quoted("a\"b\\c/") == R"("a\"b\\c/")");
  BOOST_TEST(quoted(std::string_view{"\0\n\x1f\x7f", 4}) == R"("\u0000\u000a\u001f\u007f")");
  BOOST_TEST(quoted("\xc3\xa4\xff") == R"("\u00c3\u00a4\u00ff")");
  BOOST_TEST(quoted("") == "\"\"");
}
