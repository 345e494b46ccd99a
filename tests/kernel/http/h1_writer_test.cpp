// SPDX-License-Identifier: Apache-2.0
#include "http/h1_writer.hpp"

#include "http/names.hpp"
#include "http/transcript.hpp"

#include <array>
#include <string>

#include <boost/test/unit_test.hpp>

namespace weir::test {
namespace {

using Kind = Framing::Kind;

struct Fixture : Memory {
  void add(std::string_view name, std::string_view value) {
    fields.add(names().find(name), name, value);
  }
  std::string response(uint16_t status, Framing framing,
                       Persistence persistence = Persistence::implied) {
    Writer writer{buffer};
    BOOST_TEST(writer.write_response({status, {}}, fields, framing, persistence));
    return std::string{writer.text()};
  }
  std::string request(const RequestLine& line, Framing framing = {},
                      Persistence persistence = Persistence::implied) {
    Writer writer{buffer};
    return writer.write_request(line, fields, framing, persistence) ? std::string{writer.text()}
                                                                    : "refused";
  }

  Fields fields{arena};
  std::array<char, 1024> buffer{};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(h1_writer, Fixture)

BOOST_AUTO_TEST_CASE(a_request_is_written_with_its_fields_as_received) {
  add("hOST", "a");
  add("X-Empty", "");
  BOOST_TEST(request({"GET", "/a", {}}) == "GET /a HTTP/1.1\r\nhOST: a\r\nX-Empty: \r\n\r\n");
  BOOST_TEST(request({"GET", "/a", "b=c"}).starts_with("GET /a?b=c HTTP/1.1\r\n"));
  BOOST_TEST(request({"GET", "/a", ""}).starts_with("GET /a? HTTP/1.1\r\n"));
  BOOST_TEST(request({"OPTIONS", "*", {}}).starts_with("OPTIONS * HTTP/1.1\r\n"));
}

BOOST_AUTO_TEST_CASE(framing_and_connection_come_from_the_arguments_alone) {
  for (const auto* const name : {"Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive",
                                 "Proxy-Connection", "Upgrade"}) {
    add(name, "7");
  }
  BOOST_TEST(request({"GET", "/", {}}) == "GET / HTTP/1.1\r\n\r\n");
  BOOST_TEST(request({"GET", "/", {}}, {Kind::length, 0}) ==
             "GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
  BOOST_TEST(request({"GET", "/", {}}, {Kind::chunked, 0}, Persistence::close) ==
             "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
  BOOST_TEST(request({"GET", "/", {}}, {}, Persistence::keep_alive) ==
             "GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n");
  BOOST_TEST(request({"GET", "/", {}}, {}, Persistence::websocket) ==
             "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(te_is_named_in_connection) {
  add("TE", "trailers");
  const auto lines = [this](Persistence persistence) {
    return request({"GET", "/", {}}, {}, persistence).substr(16);
  };
  BOOST_TEST(lines(Persistence::implied) == "TE: trailers\r\nConnection: TE\r\n\r\n");
  BOOST_TEST(lines(Persistence::close) == "TE: trailers\r\nConnection: close, TE\r\n\r\n");
  BOOST_TEST(lines(Persistence::keep_alive) ==
             "TE: trailers\r\nConnection: keep-alive, TE\r\n\r\n");
  BOOST_TEST(lines(Persistence::websocket) ==
             "TE: trailers\r\nConnection: Upgrade, TE\r\nUpgrade: websocket\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(a_response_has_framing_only_where_it_may) {
  BOOST_TEST(response(200, {Kind::length, 12}) == "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n");
  BOOST_TEST(response(304, {Kind::length, 12}) ==
             "HTTP/1.1 304 Not Modified\r\nContent-Length: 12\r\n\r\n");
  BOOST_TEST(response(204, {Kind::length, 12}) == "HTTP/1.1 204 No Content\r\n\r\n");
  BOOST_TEST(response(103, {Kind::chunked, 0}) == "HTTP/1.1 103 Early Hints\r\n\r\n");
  BOOST_TEST(
      response(101, {}, Persistence::websocket) ==
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  BOOST_TEST(response(200, {Kind::until_close, 0}, Persistence::close) ==
             "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  BOOST_TEST(response(299, {}) == "HTTP/1.1 299 \r\n\r\n");
}

BOOST_AUTO_TEST_CASE(a_given_reason_is_kept) {
  Writer writer{buffer};
  BOOST_TEST(writer.write_response({200, "Fine"}, fields, {}, Persistence::implied));
  BOOST_TEST(writer.text() == "HTTP/1.1 200 Fine\r\n\r\n");
  BOOST_TEST(writer.write_response({200, ""}, fields, {}, Persistence::implied));
  BOOST_TEST(writer.text().ends_with("HTTP/1.1 200 \r\n\r\n"));
  BOOST_TEST(!writer.write_response({200, "a\r\nb"}, fields, {}, Persistence::implied));
}

BOOST_AUTO_TEST_CASE(what_breaks_the_grammar_is_not_written) {
  for (const auto& [name, value] : {std::pair{"a b", "x"},
                                    {"", "x"},
                                    {"a:", "x"},
                                    {"a", "x\r\nb: c"},
                                    {"a", "x\n"},
                                    {"a", "\x01"}}) {
    Fields bad{arena};
    bad.add(0, name, value);
    Writer writer{buffer};
    BOOST_TEST(writer.write_chunk_end());
    BOOST_TEST(!writer.write_response({200, {}}, bad, {}, Persistence::implied), name << value);
    BOOST_TEST(!writer.write_last_chunk(&bad));
    BOOST_TEST(writer.text() == "\r\n");
  }
  for (const RequestLine& line : {RequestLine{"G T", "/", {}},
                                  {"", "/", {}},
                                  {"GET", "a", {}},
                                  {"GET", "/a b", {}},
                                  {"GET", "/", "a b"},
                                  {"GET", "/", "#"},
                                  {"GET", "/\r\n", {}},
                                  {"GET", "", {}}}) {
    BOOST_TEST(request(line) == "refused");
  }
}

BOOST_AUTO_TEST_CASE(every_buffer_that_is_too_small_is_told_and_left_as_it_was) {
  add("Host", "a");
  const std::string whole = request({"GET", "/a", "b"}, {Kind::length, 123456}, Persistence::close);
  for (size_t size = 0; size <= whole.size(); ++size) {
    Writer writer{std::span{buffer}.first(size)};
    const bool fits = writer.write_request({"GET", "/a", "b"}, fields, {Kind::length, 123456},
                                           Persistence::close);
    BOOST_TEST(fits == (size == whole.size()), size);
    BOOST_TEST(writer.size() == (fits ? whole.size() : 0u));
  }
}

BOOST_AUTO_TEST_CASE(chunks_are_framed) {
  Writer writer{buffer};
  BOOST_TEST(writer.write_chunk_head(0xABCDE));
  BOOST_TEST(writer.write_chunk_end());
  add("X-Sum", "1");
  add("Content-Length", "5");
  add("Trailer", "x");
  BOOST_TEST(writer.write_last_chunk());
  BOOST_TEST(writer.write_last_chunk(&fields));
  BOOST_TEST(writer.text() == "abcde\r\n\r\n0\r\n\r\n0\r\nX-Sum: 1\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(usual_reasons_are_found) {
  BOOST_TEST(usual_reason(100) == "Continue");
  BOOST_TEST(usual_reason(431) == "Request Header Fields Too Large");
  BOOST_TEST(usual_reason(511) == "Network Authentication Required");
  BOOST_TEST(usual_reason(299).empty());
  BOOST_TEST(usual_reason(599).empty());
}

BOOST_AUTO_TEST_CASE(dates_have_the_one_form) {
  HttpDate date;
  BOOST_TEST(date.at(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  BOOST_TEST(date.at(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  BOOST_TEST(date.at(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  BOOST_TEST(date.at(951782400) == "Tue, 29 Feb 2000 00:00:00 GMT");
  BOOST_TEST(date.at(-1) == "Wed, 31 Dec 1969 23:59:59 GMT");
}

BOOST_AUTO_TEST_CASE(a_first_date_before_1970_is_written_too) {
  HttpDate date;
  BOOST_TEST(date.at(-1) == "Wed, 31 Dec 1969 23:59:59 GMT");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
