// SPDX-License-Identifier: Apache-2.0
#include "http/body_reader.hpp"

#include "http/transcript.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

namespace weir::test {
namespace {

using Kind = Framing::Kind;
using StepKind = BodyReader::Step::Kind;

// The data and how it ended: "hello|end", "|more", "he|chunk_size"; what is left stands behind.
std::string drain(BodyReader& reader, std::string_view input) {
  std::string data;
  for (;;) {
    const auto step = reader.feed(input);
    data += step.data;
    input.remove_prefix(step.consumed);
    if (step.kind == StepKind::data) continue;
    if (step.kind == StepKind::more) return data + "|more";
    if (step.kind == StepKind::refused) return data + "|" + reader.refusal().reason;
    return data + "|end" + std::string{input};
  }
}

std::string chunked(std::string_view input) {
  BodyReader reader{{Kind::chunked, 0}};
  std::string whole = drain(reader, input);
  BodyReader slow{{Kind::chunked, 0}};
  std::string data;
  for (size_t i = 0; i < input.size(); ++i) {
    const std::string step = drain(slow, input.substr(i, 1));
    data += step.substr(0, step.find('|'));
  }
  const std::string last = drain(slow, {});
  BOOST_TEST(whole.starts_with(data + last), whole << " differs from " << data << last);
  return whole;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(body_reader)

BOOST_AUTO_TEST_CASE(no_body_ends_at_once) {
  BodyReader reader{{}};
  BOOST_TEST(reader.ended());
  BOOST_TEST(drain(reader, "next") == "|endnext");
  BodyReader empty{{Kind::length, 0}};
  BOOST_TEST(empty.ended());
}

BOOST_AUTO_TEST_CASE(a_length_takes_so_many_bytes_and_leaves_the_rest) {
  BodyReader reader{{Kind::length, 5}};
  BOOST_TEST(drain(reader, "he") == "he|more");
  BOOST_TEST(reader.left() == 3u);
  BOOST_TEST(!reader.close());
  BOOST_TEST(drain(reader, "lloGET") == "llo|endGET");
  BOOST_TEST(reader.close());
}

BOOST_AUTO_TEST_CASE(data_is_a_view_of_the_input) {
  const std::string_view input = "3\r\nabc\r\n";
  BodyReader reader{{Kind::chunked, 0}};
  const auto step = reader.feed(input);
  BOOST_TEST((step.kind == StepKind::data));
  BOOST_TEST(step.data.data() == input.data() + 3);
  BOOST_TEST(step.consumed == 6u);
}

BOOST_AUTO_TEST_CASE(bytes_that_passed_elsewhere_are_counted) {
  BodyReader reader{{Kind::length, 5}};
  reader.skip(3);
  BOOST_TEST(drain(reader, "ab!") == "ab|end!");
}

BOOST_AUTO_TEST_CASE(until_close_ends_with_the_connection_only) {
  BodyReader reader{{Kind::until_close, 0}, Side::response};
  BOOST_TEST(drain(reader, "all\r\n\r\n") == "all\r\n\r\n|more");
  BOOST_TEST(reader.close());
  BOOST_TEST(drain(reader, {}) == "|end");
}

BOOST_AUTO_TEST_CASE(chunks_are_joined_and_what_follows_is_left) {
  BOOST_TEST(chunked("5\r\nhello\r\n00000000000000A\r\n0123456789\r\n0\r\n\r\nGET /") ==
             "hello0123456789|endGET /");
  BOOST_TEST(chunked("0\r\n\r\n") == "|end");
  BOOST_TEST(chunked("0;a\r\n\r\n") == "|end");
  BOOST_TEST(chunked("000\r\n\r\n") == "|end");
  BOOST_TEST(chunked("aB\r\n") == "|more");
}

BOOST_AUTO_TEST_CASE(a_cut_body_is_not_complete) {
  const std::string body = "5\r\nhello\r\n0\r\nA: b\r\n\r\n";
  for (size_t cut = 0; cut < body.size(); ++cut) {
    BodyReader reader{{Kind::chunked, 0}};
    BOOST_TEST(drain(reader, body.substr(0, cut)).ends_with("|more"), cut);
    BOOST_TEST(!reader.close());
    BOOST_TEST(!reader.ended());
  }
}

BOOST_AUTO_TEST_CASE(chunk_sizes_are_1_to_15_digits_and_nothing_else) {
  for (const auto* const bad :
       {"\r\n", ";a\r\n", " 5\r\n", "5 \r\n", "+5\r\n", "-1\r\n", "0x5\r\n", "5\n", "5,\r\n",
        "5\t\r\n", "0000000000000005\r\n", "g\r\n", "\xef\r\n"}) {
    BOOST_TEST(chunked(bad) == "|chunk_size", bad);
  }
  BOOST_TEST(chunked("fffffffffffffff\r\n") == "|more");
  BOOST_TEST(chunked("5\rx") == "|chunk_line");
  BOOST_TEST(chunked("5\r\r") == "|chunk_line");
}

BOOST_AUTO_TEST_CASE(chunk_data_is_followed_by_crlf) {
  BOOST_TEST(chunked("1\r\naX") == "a|chunk_end");
  BOOST_TEST(chunked("1\r\na\n") == "a|chunk_end");
  BOOST_TEST(chunked("1\r\na\rX") == "a|chunk_end");
}

BOOST_AUTO_TEST_CASE(extensions_follow_the_grammar) {
  for (const auto* const good :
       {"0;a", "0;a=b", "0;a=\"b c;\\\"\r\"", "0; a = b ;c", "0;a=\"\"", "0;a=\"x\" ;b", "0;\ta"}) {
    const std::string line = good;
    const bool has_cr = line.find('\r') != line.npos;
    BOOST_TEST(chunked(line + "\r\n\r\n") == (has_cr ? "|chunk_line" : "|end"), good);
  }
  for (const auto* const bad :
       {"0;", "0;;", "0;=b", "0;a=", "0;a=b=c", "0;a b", "0;a=\"b", "0;a=\"b\"c", "0;a ", "0;a=b ",
        "0;a=\"\x01\"", "0;a\x7f", "0;(a)", "0;a=\"\\\x01\""}) {
    BOOST_TEST(chunked(std::string{bad} + "\r\n\r\n") == "|chunk_line", bad);
  }
  BOOST_TEST(chunked("5;\n") == "|chunk_line");
  BOOST_TEST(chunked("5;a\n") == "|chunk_line");
  BOOST_TEST(chunked("5;a\rb") == "|chunk_line");
  BOOST_TEST(chunked(std::string_view{"5;a\0", 4}) == "|chunk_line");
}

BOOST_AUTO_TEST_CASE(extensions_are_bounded_by_line_and_by_body) {
  BOOST_TEST(chunked("0;" + std::string(254, 'a') + "\r\n\r\n") == "|end");
  BOOST_TEST(chunked("0;" + std::string(255, 'a') + "\r\n\r\n") == "|chunk_line_long");
  const std::string chunk = "1;" + std::string(127, 'a') + "\r\n.\r\n";  // 128 bytes of extension
  std::string body;
  for (int i = 0; i < 32; ++i) body += chunk;
  BOOST_TEST(chunked(body + "0\r\n\r\n") == std::string(32, '.') + "|end");
  BOOST_TEST(chunked(body + "0;a\r\n\r\n") == std::string(32, '.') + "|chunk_extensions");
}

BOOST_AUTO_TEST_CASE(trailers_follow_the_grammar) {
  BOOST_TEST(chunked("0\r\nA: b\r\nC:\r\n\r\nX") == "|endX");
  for (const auto* const bad : {" A: b\r\n", "A b: c\r\n", "A : c\r\n", ": b\r\n", "A\r\n",
                                "A: b\rc", "A: b\n", "A: \x01", "\n", "A: b\r\n c\r\n", "\rx"}) {
    BOOST_TEST(chunked(std::string{"0\r\n"} + bad) == "|trailer", bad);
  }
}

BOOST_AUTO_TEST_CASE(trailers_are_bounded) {
  std::string sixteen;
  for (int i = 0; i < 16; ++i) sixteen += "A: b\r\n";
  BOOST_TEST(chunked("0\r\n" + sixteen + "\r\n") == "|end");
  BOOST_TEST(chunked("0\r\n" + sixteen + "A: b\r\n\r\n") == "|trailers_many");
  BOOST_TEST(chunked("0\r\nA:" + std::string(4091, 'b') + "\r\n\r\n") == "|end");
  BOOST_TEST(chunked("0\r\nA:" + std::string(4095, 'b') + "\r\n\r\n") == "|trailers_long");
}

BOOST_AUTO_TEST_CASE(trailers_are_kept_in_an_arena_less_those_that_decide_something) {
  Memory memory;
  BodyReader reader{{Kind::chunked, 0}};
  reader.keep_trailers(memory.arena, names());
  BOOST_TEST(drain(reader, "0\r\nX-Sum:  a b \r\nHo") == "|more");
  BOOST_TEST(drain(reader, "st: b\r\nContent-Length: 3\r\nETag: \"x\"\r\nE:\r\n\r\n") == "|end");
  BOOST_TEST_REQUIRE(reader.trailers().size() == 3u);
  BOOST_TEST(reader.trailers().find("x-sum") == "a b");
  BOOST_TEST(reader.trailers().get(WEIR_H_ETAG) == "\"x\"");
  BOOST_TEST(reader.trailers().find("e").data() != nullptr);
}

BOOST_AUTO_TEST_CASE(asking_for_trailers_again_in_the_middle_of_one_changes_nothing) {
  Memory memory;
  BodyReader reader{{Kind::chunked, 0}};
  reader.keep_trailers(memory.arena, names());
  BOOST_TEST(drain(reader, "0\r\nX-One: a\r\nX-Second-O") == "|more");
  reader.keep_trailers(memory.arena, names());
  BOOST_TEST(drain(reader, "f-Two: b\r\n\r\n") == "|end");
  BOOST_TEST_REQUIRE(reader.trailers().size() == 2u);
  BOOST_TEST(reader.trailers().find("x-one") == "a");
  BOOST_TEST(reader.trailers().find("x-second-of-two") == "b");
}

BOOST_AUTO_TEST_CASE(a_trailer_whose_beginning_was_not_kept_is_dropped) {
  Memory memory;
  BodyReader reader{{Kind::chunked, 0}};
  BOOST_TEST(drain(reader, "0\r\nX-First-O") == "|more");
  reader.keep_trailers(memory.arena, names());
  BOOST_TEST(drain(reader, "f: a\r\n\r\n") == "|end");
  BOOST_TEST(reader.trailers().size() == 0u);
}

BOOST_AUTO_TEST_CASE(trailers_that_find_no_memory_are_a_refusal) {
  Arena none{{}, 16};
  BodyReader reader{{Kind::chunked, 0}};
  reader.keep_trailers(none, names());
  BOOST_TEST(drain(reader, "0\r\nA: b\r\n\r\n") == "|head_memory");
}

BOOST_AUTO_TEST_CASE(an_upstream_is_refused_with_502_and_stays_refused) {
  BodyReader reader{{Kind::chunked, 0}, Side::response};
  BOOST_TEST(drain(reader, "x") == "|chunk_size");
  BOOST_TEST(reader.refusal().status == 502);
  BOOST_TEST(drain(reader, "5\r\n") == "|chunk_size");
  BOOST_TEST(!reader.close());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
