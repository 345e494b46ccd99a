// SPDX-License-Identifier: Apache-2.0
#include "http/head_scanner.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

namespace weir::test {
namespace {

std::string reason_of(std::string_view bytes, const HeadLimits& limits = {}) {
  HeadScanner scanner{limits};
  switch (scanner.scan(bytes)) {
    case HeadScanner::State::more:
      return "more";
    case HeadScanner::State::complete:
      return "complete " + std::to_string(scanner.size());
    case HeadScanner::State::refused:
      break;
  }
  return scanner.refusal().reason;
}

std::string line(size_t size) { return "GET /" + std::string(size - 14, 'a') + " HTTP/1.1"; }

}  // namespace

BOOST_AUTO_TEST_SUITE(head_scanner)

BOOST_AUTO_TEST_CASE(finds_the_end_and_leaves_what_follows) {
  BOOST_TEST(reason_of("GET / HTTP/1.1\r\nA: b\r\n\r\nbody\n") == "complete 24");
  BOOST_TEST(reason_of("GET / HTTP/1.1\r\n\r\n") == "complete 18");
}

BOOST_AUTO_TEST_CASE(waits_for_more_at_every_cut) {
  const std::string head = "GET / HTTP/1.1\r\nA: b\r\n\r\n";
  for (size_t cut = 0; cut < head.size(); ++cut)
    BOOST_TEST(reason_of(head.substr(0, cut)) == "more", cut);
}

BOOST_AUTO_TEST_CASE(refuses_at_once_without_waiting_for_the_end) {
  BOOST_TEST(reason_of("GET / HTTP/1.1\n") == "bare_lf");
  BOOST_TEST(reason_of("GET / HTTP/1.1\rX") == "bare_cr");
  BOOST_TEST(reason_of("GET / HTTP/1.1\r\r") == "bare_cr");
  BOOST_TEST(reason_of(std::string_view{"GET \0", 5}) == "nul");
  BOOST_TEST(reason_of("\r\nGET / HTTP/1.1\r\n") == "empty_line");
  BOOST_TEST(reason_of("\n") == "bare_lf");
  BOOST_TEST(reason_of("GET /\r\n") == "version");
}

BOOST_AUTO_TEST_CASE(limits_hold_to_the_byte) {
  const HeadLimits limits{.line = 40, .field = 20, .total = 80, .fields = 3};
  BOOST_TEST(reason_of(line(40) + "\r\n\r\n", limits).starts_with("complete"));
  BOOST_TEST(reason_of(line(41) + "\r\n\r\n", limits) == "line_long");
  BOOST_TEST(reason_of(std::string(41, 'a'), limits) == "line_long");
  BOOST_TEST(reason_of(line(20) + "\r\nA: " + std::string(17, 'a') + "\r\n\r\n", limits)
                 .starts_with("complete"));
  BOOST_TEST(reason_of(line(20) + "\r\nA: " + std::string(18, 'a') + "\r\n\r\n", limits) ==
             "field_long");
  const std::string three = line(20) + "\r\nA: 1\r\nB: 2\r\nC: 3\r\n";
  BOOST_TEST(reason_of(three + "\r\n", limits).starts_with("complete"));
  BOOST_TEST(reason_of(three + "D: 4\r\n\r\n", limits) == "fields_many");
  const std::string long_head = line(40) + "\r\nA: " + std::string(17, 'a') + "\r\nB: ";
  BOOST_TEST(reason_of(long_head + std::string(80 - 4 - long_head.size(), 'b') + "\r\n\r\n",
                       limits) == "complete 80");
  BOOST_TEST(reason_of(long_head + std::string(81 - 4 - long_head.size(), 'b') + "\r\n\r\n",
                       limits) == "head_long");
}

BOOST_AUTO_TEST_CASE(the_presets_are_those_of_the_limits_page) {
  BOOST_TEST(reason_of(line(8192) + "\r\n\r\n").starts_with("complete"));
  BOOST_TEST(reason_of(line(8193) + "\r\n\r\n") == "line_long");
  const std::string get = "GET / HTTP/1.1\r\n";
  BOOST_TEST(reason_of(get + "A:" + std::string(16382, 'a') + "\r\n\r\n").starts_with("complete"));
  BOOST_TEST(reason_of(get + "A:" + std::string(16383, 'a') + "\r\n\r\n") == "field_long");
}

BOOST_AUTO_TEST_CASE(a_response_is_refused_with_502) {
  HeadScanner scanner{response_limits, Side::response};
  BOOST_TEST((scanner.scan("HTTP/1.1 200\n") == HeadScanner::State::refused));
  BOOST_TEST(scanner.refusal().status == 502);
  BOOST_TEST(scanner.refusal().reason == std::string{"bare_lf"});
  scanner.restart();
  BOOST_TEST((scanner.scan("HTTP/1.1 200\r\n\r\n") == HeadScanner::State::complete));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
