// SPDX-License-Identifier: Apache-2.0
#include "command/arguments.hpp"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace {

using weir::Arguments;
using weir::WrongUse;
using Texts = std::vector<std::string>;

constexpr weir::Option options[] = {
    {"config", 'c', "FILE"}, {"header", 'H', "FIELD", true}, {"json", 'j'}, {"all"}};

Arguments read(const Texts& texts) { return Arguments(options, texts); }

std::string refusal(const Texts& texts) {
  try {
    read(texts);
  } catch (const WrongUse& wrong) {
    return wrong.what();
  }
  return "none";
}

std::string joined(const Texts& texts) {
  std::string out;
  for (const std::string& text : texts) out += "[" + text + "]";
  return out;
}

BOOST_AUTO_TEST_SUITE(arguments)

BOOST_AUTO_TEST_CASE(all_four_spellings_of_a_value_are_the_same) {
  for (const Texts& texts :
       {Texts{"--config", "a b"}, Texts{"--config=a b"}, Texts{"-c", "a b"}, Texts{"-ca b"}}) {
    BOOST_TEST(read(texts).value("config") == "a b");
  }
  BOOST_TEST(read({"--config="}).has("config"));
  BOOST_TEST(read({"--config=a=b"}).value("config") == "a=b");
  BOOST_TEST(read({"--config", "--json"}).value("config") == "--json");
}

BOOST_AUTO_TEST_CASE(words_and_options_mix_until_two_dashes) {
  const Arguments mixed = read({"x", "--json", "y", "-", "--", "--all", "-c"});
  BOOST_TEST(joined(mixed.words()) == "[x][y][-][--all][-c]");
  BOOST_TEST(mixed.has("json"));
  BOOST_TEST(!mixed.has("all"));
  BOOST_TEST(mixed.value("config", "preset") == "preset");
}

BOOST_AUTO_TEST_CASE(only_what_may_repeat_repeats) {
  BOOST_TEST(joined(read({"-Ha: 1", "--header", "b: 2"}).values("header")) == "[a: 1][b: 2]");
  BOOST_TEST(refusal({"-c", "a", "--config=b"}) == "--config is given twice");
  BOOST_TEST(refusal({"--json", "-j"}) == "none");
}

BOOST_AUTO_TEST_CASE(a_wrong_option_names_the_nearest_right_one) {
  BOOST_TEST(refusal({"--jsno"}) == "unknown option '--jsno'; did you mean '--json'?");
  BOOST_TEST(refusal({"--zzzzzz"}) ==
             "unknown option '--zzzzzz'; known: --help, --config, --header, --json, --all");
  BOOST_TEST(refusal({"-x"}) == "unknown option '-x'; known: -h, -c, -H, -j");
  BOOST_TEST(refusal({"-jc"}) == "unknown option '-jc': letters are written one by one, -j -c");
}

BOOST_AUTO_TEST_CASE(values_are_where_they_belong) {
  BOOST_TEST(refusal({"--config"}) == "--config needs a value: --config FILE");
  BOOST_TEST(refusal({"-c"}) == "--config needs a value: --config FILE");
  BOOST_TEST(refusal({"--json=yes"}) == "--json takes no value, found '--json=yes'");
}

BOOST_AUTO_TEST_CASE(help_is_known_without_being_listed) {
  BOOST_TEST(read({"--help"}).has("help"));
  BOOST_TEST(read({"x", "-h"}).has("help"));
}

BOOST_AUTO_TEST_CASE(too_many_and_too_few_words_are_told) {
  BOOST_CHECK_THROW(read({}).expect_words(1, 1, "one FILE"), WrongUse);
  BOOST_CHECK_THROW(read({"a", "b"}).expect_words(1, 1, "one FILE"), WrongUse);
  BOOST_CHECK_NO_THROW(read({"a"}).expect_words(1, 1, "one FILE"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
