// SPDX-License-Identifier: Apache-2.0
#include "http/path.hpp"

#include "http/names.hpp"
#include "http/seeded.hpp"
#include "http/transcript.hpp"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace weir::test {
namespace {

// The canonical path, or the reason in brackets.
std::string canonical(std::string_view raw, bool slash = false) {
  Memory memory;
  const auto path = canonical_path(raw, {slash}, memory.arena);
  return path ? std::string{path.value()} : "[" + std::string{path.error().reason} + "]";
}

bool holds(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

// What 4.3.5 of the design bars from a canonical path.
bool is_clean(const std::string& path) {
  if (!path.starts_with('/') || holds(path + "/", "/./") || holds(path + "/", "/../")) return false;
  for (const auto* const barred : {"//", "%2e", "%2E", "%00", "%5C", "%5c", "\\"}) {
    if (holds(path, barred)) return false;
  }
  return is_target_text(path);
}

template <class Values>
std::vector<std::string> all(Values values) {
  std::vector<std::string> found;
  while (const auto value = values.next()) found.emplace_back(*value);
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(path)

BOOST_AUTO_TEST_CASE(a_canonical_path_is_returned_as_it_is) {
  Memory memory;
  for (const std::string_view raw :
       {"/", "/a", "/a/b.c/", "/~a/-_.", "/a;b=c,d/@:!$&'()*+=", "/[x]"}) {
    const auto path = canonical_path(raw, {}, memory.arena);
    BOOST_TEST_REQUIRE(path.has_value(), raw);
    BOOST_TEST(path.value() == raw);
    BOOST_TEST(path.value().data() == raw.data());
  }
  BOOST_TEST(memory.arena.used() == 0u);
}

BOOST_AUTO_TEST_CASE(unreserved_escapes_are_decoded_and_others_get_upper_case) {
  BOOST_TEST(canonical("/%61%2D%2e%5f%7E%30") == "/a-._~0");
  BOOST_TEST(canonical("/%c3%a9%3f%23%25%20") == "/%C3%A9%3F%23%25%20");
  BOOST_TEST(canonical("/%252e%252e/a") == "/%252e%252e/a");
}

BOOST_AUTO_TEST_CASE(empty_and_dot_segments_are_resolved) {
  BOOST_TEST(canonical("//a///b//") == "/a/b/");
  BOOST_TEST(canonical("/a/./b/.") == "/a/b/");
  BOOST_TEST(canonical("/a/b/../c") == "/a/c");
  BOOST_TEST(canonical("/a/b/..") == "/a/");
  BOOST_TEST(canonical("/a/..") == "/");
  BOOST_TEST(canonical("/a//../b") == "/b");
  BOOST_TEST(canonical("/pub/%2e%2e/adm") == "/adm");
  BOOST_TEST(canonical("/pub/.%2E/adm") == "/adm");
  BOOST_TEST(canonical("/.well-known/x") == "/.well-known/x");
  BOOST_TEST(canonical("/...") == "/...");
  BOOST_TEST(canonical("/a..b/..c") == "/a..b/..c");
}

BOOST_AUTO_TEST_CASE(a_way_above_the_root_is_refused) {
  for (const auto* const raw :
       {"/..", "/../a", "/a/../..", "/a/../../b", "/%2e%2e/a", "//..", "/./.."}) {
    BOOST_TEST(canonical(raw) == "[path_above_root]", raw);
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_made_unambiguous_is_refused) {
  BOOST_TEST(canonical("/a%2Fb") == "[path_slash]");
  BOOST_TEST(canonical("/a%2fb") == "[path_slash]");
  BOOST_TEST(canonical("/a%5Cb") == "[path_backslash]");
  BOOST_TEST(canonical("/a\\b") == "[path_backslash]");
  BOOST_TEST(canonical("/a%00") == "[path_nul]");
  for (const auto* const raw : {"/%", "/%1", "/%zz", "/%1g", "/a%%41"}) {
    BOOST_TEST(canonical(raw) == "[path_escape]", raw);
  }
  for (const auto* const raw :
       {"/a b", "/a?b", "/a#b", "/a\x01", "/\xc3\xa9", "/a\x7f", "/<a>", "/a|b"}) {
    BOOST_TEST(canonical(raw) == "[target_byte]", raw);
  }
  for (const auto* const raw : {"/..;/a", "/a/..;x=1", "/.;/a", "/%2e%2e;/a", "/a/..;"}) {
    BOOST_TEST(canonical(raw) == "[path_dots]", raw);
  }
  for (const auto* const raw : {"", "a", "*", "%2fa"})
    BOOST_TEST(canonical(raw) == "[target_form]", raw);
}

BOOST_AUTO_TEST_CASE(an_encoded_slash_may_be_allowed_but_never_next_to_dots) {
  BOOST_TEST(canonical("/a%2fb", true) == "/a%2Fb");
  BOOST_TEST(canonical("/%2f", true) == "/%2F");
  for (const auto* const raw :
       {"/a%2f..", "/..%2fa", "/a%2F.%2Fb", "/a%2f%2e%2e%2fb", "/..;x%2Fa", "/a%2F..;b"}) {
    BOOST_TEST(canonical(raw, true) == "[path_dots]", raw);
  }
  BOOST_TEST(canonical("/a%2f..b", true) == "/a%2F..b");
}

BOOST_AUTO_TEST_CASE(many_encoded_slashes_cost_no_more_than_their_length) {
  std::string raw = "/";
  for (int i = 0; i < 2500; ++i) raw += "a%2f";
  BOOST_TEST(canonical(raw, true).size() == raw.size());
}

BOOST_AUTO_TEST_CASE(an_exhausted_arena_is_told) {
  Arena none{{}, 2};
  BOOST_TEST(canonical_path("/a//b", {}, none).error().reason == std::string{"head_memory"});
}

BOOST_AUTO_TEST_CASE(canonical_is_idempotent_and_clean_for_random_paths) {
  const std::vector<std::string> pieces{"/",   ".", "..",  "%2e", "%2E", "%2f", "%61",
                                        "a",   ";", "%5c", "%",   "%00", "%25", "//",
                                        "%3b", "b", "\\",  "~",   "%7e", "/.",  "/../"};
  WEIR_SHOW_SEED() {
    Seeded random;
    size_t good = 0;
    for (int round = 0; round < 20000; ++round) {
      std::string raw = "/";
      for (size_t n = random.below(12); n > 0; --n) raw += pieces[random.below(pieces.size())];
      const bool slash = random.once_in(2);
      const std::string once = canonical(raw, slash);
      if (once.starts_with('[')) continue;
      ++good;
      BOOST_REQUIRE_MESSAGE(is_clean(once), raw << " became " << once);
      BOOST_REQUIRE_EQUAL(canonical(once, slash), once);
    }
    BOOST_TEST(good > 1000u);
  }
}

BOOST_AUTO_TEST_CASE(percent_decoding_refuses_broken_escapes) {
  Memory memory;
  BOOST_TEST(percent_decode("a%2Fb%00", memory.arena).value() == (std::string_view{"a/b\0", 4}));
  BOOST_TEST(percent_decode("plain+", memory.arena).value() == "plain+");
  BOOST_TEST(percent_decode("%ff", memory.arena).value() == "\xff");
  for (const auto* const bad : {"%", "a%4", "%4x", "%%41"})
    BOOST_TEST(!percent_decode(bad, memory.arena), bad);
}

BOOST_AUTO_TEST_CASE(query_values_come_in_order_and_escapes_hide_no_name) {
  BOOST_TEST(all(QueryValues{"a=1&b=2&%61=3&a&ab=4&a=", "a"}) ==
                 (std::vector<std::string>{"1", "3", "", ""}),
             boost::test_tools::per_element());
  BOOST_TEST(query_value("x+y=1&z=a=b", "x y") == "1");
  BOOST_TEST(query_value("x+y=1&z=a=b", "z") == "a=b");
  BOOST_TEST(query_value("a=1", "b").data() == nullptr);
  BOOST_TEST(query_value("b", "b").data() != nullptr);
  BOOST_TEST(query_value("%6=1&%=2", "%").data() != nullptr);
  BOOST_TEST(query_value({}, "a").data() == nullptr);
}

BOOST_AUTO_TEST_CASE(cookie_values_come_from_all_lines) {
  Memory memory;
  Fields fields{memory.arena};
  fields.add(WEIR_H_COOKIE, "Cookie", "a=1; b=2;a = 3 ; A=4");
  fields.add(WEIR_H_ACCEPT, "Accept", "a=5");
  fields.add(WEIR_H_COOKIE, "Cookie", "");
  fields.add(WEIR_H_COOKIE, "Cookie", "a=x=y");
  BOOST_TEST(all(CookieValues{fields, "a"}) == (std::vector<std::string>{"1", "3", "x=y"}),
             boost::test_tools::per_element());
  BOOST_TEST(cookie_value(fields, "b") == "2");
  BOOST_TEST(cookie_value(fields, "c").data() == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
