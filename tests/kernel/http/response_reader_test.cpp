// SPDX-License-Identifier: Apache-2.0
#include "http/h1_reader.hpp"
#include "http/transcript.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

namespace weir::test {
namespace {

using Kind = Framing::Kind;

struct Fixture : Memory {
  // The reason, or "ok". Any refusal has status 502.
  std::string read(std::string_view bytes, std::string_view method = "GET") {
    arena.reset();
    ResponseOptions options;
    options.request_method = method;
    const auto why = read_response(arena.copy(bytes), options, arena, names(), head);
    if (why) BOOST_TEST(why->status == 502);
    return why ? why->reason : "ok";
  }
  Kind framing(std::string_view status, std::string_view lines, std::string_view method = "GET") {
    const std::string bytes =
        "HTTP/1.1 " + std::string{status} + "\r\n" + std::string{lines} + "\r\n";
    BOOST_TEST(read(bytes, method) == "ok", bytes);
    return head.framing.kind;
  }

  ResponseHead head;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(response_reader, Fixture)

BOOST_AUTO_TEST_CASE(an_ordinary_response_is_taken_apart) {
  BOOST_TEST(read("HTTP/1.1 404 Not Here\r\nServer: x\r\nContent-Length: 7\r\n\r\n") == "ok");
  BOOST_TEST(head.status == 404);
  BOOST_TEST(head.reason == "Not Here");
  BOOST_TEST(head.fields.get(WEIR_H_SERVER) == "x");
  BOOST_TEST(head.framing.length == 7u);
  BOOST_TEST(head.keep_alive);
}

BOOST_AUTO_TEST_CASE(status_lines_are_exact_but_for_an_empty_reason) {
  BOOST_TEST(read("HTTP/1.1 200 \r\n\r\n") == "ok");
  BOOST_TEST(read("HTTP/1.1 200\r\n\r\n") == "ok");
  BOOST_TEST(head.reason.empty());
  BOOST_TEST(read("HTTP/1.0 599 \xc3\xa9\tx\r\n\r\n") == "ok");
  for (const auto* const bad :
       {"HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000", "HTTP/1.1 099 a", "HTTP/1.1 600 a",
        "HTTP/1.1 +20 a", "HTTP/1.1\t200 OK", "HTTP/1.1 200\tOK", "HTTP/1.1", "HTTP/1.1 200 a\x01",
        "X"}) {
    BOOST_TEST(read(std::string{bad} + "\r\n\r\n") == "status_line", bad);
  }
  BOOST_TEST(read("HTTP/2.0 200 OK\r\n\r\n") == "version_unsupported");
  BOOST_TEST(read("http/1.1 200 OK\r\n\r\n") == "version");
  BOOST_TEST(read("ICY/1.00 200 OK\r\n\r\n") == "version");
}

BOOST_AUTO_TEST_CASE(the_body_ends_where_rfc_9112_says) {
  BOOST_TEST((framing("200 OK", "Content-Length: 0\r\n") == Kind::length));
  BOOST_TEST((framing("200 OK", "Transfer-Encoding: chunked\r\n") == Kind::chunked));
  BOOST_TEST((framing("200 OK", "") == Kind::until_close));
  BOOST_TEST(!head.keep_alive);
  for (const auto* const status : {"100 a", "103 a", "101 a", "204 a", "304 a"}) {
    BOOST_TEST((framing(status, "Content-Length: 5\r\n") == Kind::none), status);
    BOOST_TEST((framing(status, "") == Kind::none), status);
    BOOST_TEST(head.keep_alive);
  }
  BOOST_TEST((framing("200 OK", "Content-Length: 5\r\n", "HEAD") == Kind::none));
  BOOST_TEST((head.declared.kind == Kind::length));
  BOOST_TEST(head.declared.length == 5u);
  BOOST_TEST((framing("200 OK", "", "HEAD") == Kind::none));
  BOOST_TEST((head.declared.kind == Kind::none));
}

BOOST_AUTO_TEST_CASE(doubtful_framing_is_refused) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  BOOST_TEST(read(ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n") ==
             "length_and_te");
  BOOST_TEST(read(ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n") == "length_repeated");
  BOOST_TEST(read(ok + "Content-Length: 5, 5\r\n\r\n") == "length_invalid");
  BOOST_TEST(read(ok + "Transfer-Encoding: gzip, chunked\r\n\r\n") == "te_unknown");
  BOOST_TEST(read("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") == "te_http10");
  BOOST_TEST(read(ok + "Content-Length: -1\r\n\r\n", "HEAD") == "length_invalid");
}

BOOST_AUTO_TEST_CASE(what_would_split_a_response_is_refused) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  BOOST_TEST(read(ok + "X: a\rb\r\n\r\n") == "bare_cr");
  BOOST_TEST(read(ok + "X: a\nY: b\r\n\r\n") == "bare_lf");
  BOOST_TEST(read(ok + std::string{"X: a\0b\r\n\r\n", 10}) == "nul");
  BOOST_TEST(read(ok + "X: a\r\n b\r\n\r\n") == "obs_fold");
  BOOST_TEST(read(ok + "X a: b\r\n\r\n") == "name_byte");
}

BOOST_AUTO_TEST_CASE(an_origin_may_repeat_what_a_client_may_not) {
  BOOST_TEST(
      read("HTTP/1.1 200 OK\r\nDate: a\r\nDate: b\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n") ==
      "ok");
}

BOOST_AUTO_TEST_CASE(connections_last_as_the_version_and_connection_say) {
  BOOST_TEST(read("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n") == "ok");
  BOOST_TEST(!head.keep_alive);
  BOOST_TEST(read("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n") ==
             "ok");
  BOOST_TEST(head.keep_alive);
  BOOST_TEST(read("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n") == "ok");
  BOOST_TEST(!head.keep_alive);
}

BOOST_AUTO_TEST_CASE(a_101_for_a_websocket_is_told) {
  framing("101 a", "Connection: upgrade\r\nUpgrade: websocket\r\n");
  BOOST_TEST(head.upgrade_websocket);
  framing("101 a", "Connection: upgrade\r\nUpgrade: h2c\r\n");
  BOOST_TEST(!head.upgrade_websocket);
  framing("200 a", "Connection: upgrade\r\nUpgrade: websocket\r\n");
  BOOST_TEST(!head.upgrade_websocket);
}

BOOST_AUTO_TEST_CASE(two_hundred_fields_pass_and_one_more_does_not) {
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += "A: b\r\n";
  BOOST_TEST(read("HTTP/1.1 200 OK\r\n" + lines + "\r\n") == "ok");
  BOOST_TEST(read("HTTP/1.1 200 OK\r\n" + lines + "A: b\r\n\r\n") == "fields_many");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
