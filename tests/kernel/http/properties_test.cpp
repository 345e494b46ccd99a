// SPDX-License-Identifier: Apache-2.0
#include "http/generated.hpp"
#include "http/round_trip.hpp"
#include "http/transcript.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

namespace weir::test {
namespace {

std::string visible(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      text += "\\" + std::to_string(static_cast<unsigned char>(c)) + ";";
    }
  }
  return text;
}

void check_cuts(const std::string& bytes, Messages& messages, Side side) {
  const std::string whole = read_whole(bytes, side).text;
  BOOST_REQUIRE_MESSAGE(read_by_byte(bytes, side).text == whole, visible(bytes));
  BOOST_REQUIRE_MESSAGE(read_in_pieces(bytes, messages.cuts(bytes.size()), side).text == whole,
                        visible(bytes));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(properties)

BOOST_AUTO_TEST_CASE(every_single_cut_of_a_pipeline_gives_the_same_events) {
  const std::string bytes =
      "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
      "5;x=\"y\"\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n"
      "GET /b?c HTTP/1.1\r\nHost: b\r\n\r\n"
      "PUT /d HTTP/1.0\r\nHost: c\r\nContent-Length: 3\r\n\r\nxyz";
  const Transcript whole = read_whole(bytes);
  BOOST_TEST(!whole.refusal);
  BOOST_TEST(whole.text.find("unfinished") == std::string::npos);
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    BOOST_REQUIRE_EQUAL(read_in_pieces(bytes, {cut}).text, whole.text);
  }
  BOOST_TEST(read_by_byte(bytes).text == whole.text);
}

BOOST_AUTO_TEST_CASE(cuts_change_nothing_for_random_messages) {
  WEIR_SHOW_SEED() {
    Seeded random;
    Messages messages{random};
    size_t good = 0;
    for (int round = 0; round < 4000; ++round) {
      const std::string bytes = messages.mutated(messages.request() + messages.request());
      check_cuts(bytes, messages, Side::request);
      check_cuts(messages.mutated(messages.response() + messages.response()), messages,
                 Side::response);
      good += read_whole(bytes).refusal ? 0 : 1;
    }
    BOOST_TEST(good > 200u);
  }
}

BOOST_AUTO_TEST_CASE(what_is_read_can_be_written_and_read_again) {
  WEIR_SHOW_SEED() {
    Seeded random;
    Messages messages{random};
    for (int round = 0; round < 4000; ++round) {
      const std::string bytes = messages.mutated(messages.request());
      HeadScanner scanner{HeadLimits{}};
      if (scanner.scan(bytes) != HeadScanner::State::complete) continue;
      BOOST_REQUIRE_EQUAL(broken_round_trip(std::string_view{bytes}.substr(0, scanner.size())), "");
    }
  }
}

BOOST_AUTO_TEST_CASE(random_bytes_never_hang_and_never_pass) {
  WEIR_SHOW_SEED() {
    Seeded random;
    for (int round = 0; round < 2000; ++round) {
      const std::string bytes = random.bytes(300);
      for (const Side side : {Side::request, Side::response}) {
        BOOST_REQUIRE_EQUAL(read_whole(bytes, side).text, read_by_byte(bytes, side).text);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
