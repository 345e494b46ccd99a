// SPDX-License-Identifier: Apache-2.0
#include "http/h1_reader.hpp"
#include "http/transcript.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

namespace weir::test {
namespace {

struct Fixture : Memory {
  // The reason and status, or "ok".
  std::string read(std::string_view bytes, const RequestOptions& options = {}) {
    arena.reset();
    const auto why = read_request(arena.copy(bytes), options, arena, names(), head);
    return why ? std::to_string(why->status) + " " + why->reason : "ok";
  }
  std::string get(std::string_view lines, std::string_view line = "GET / HTTP/1.1") {
    return read(std::string{line} + "\r\nHost: a\r\n" + std::string{lines} + "\r\n");
  }
  std::string target(std::string_view target, std::string_view method = "GET") {
    return get("", std::string{method} + " " + std::string{target} + " HTTP/1.1");
  }

  RequestHead head;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(request_reader, Fixture)

BOOST_AUTO_TEST_CASE(an_ordinary_request_is_taken_apart) {
  BOOST_TEST(read("POST /a/../b?x=1 HTTP/1.1\r\nHost: WWW.Example.com:81\r\nX-A:\t b \r\n"
                  "Content-Length: 5\r\n\r\n") == "ok");
  BOOST_TEST(head.method == "POST");
  BOOST_TEST(head.target == "/a/../b?x=1");
  BOOST_TEST(head.path == "/b");
  BOOST_TEST(head.query == "x=1");
  BOOST_TEST(head.authority == "www.example.com:81");
  BOOST_TEST(head.host == "www.example.com");
  BOOST_TEST(head.scheme == "http");
  BOOST_TEST(head.fields.get(WEIR_H_HOST) == "www.example.com:81");
  BOOST_TEST(head.fields.find("x-a") == "b");
  BOOST_TEST((head.framing.kind == Framing::Kind::length));
  BOOST_TEST(head.framing.length == 5u);
  BOOST_TEST(head.keep_alive);
}

BOOST_AUTO_TEST_CASE(names_keep_their_spelling_and_get_their_ids) {
  BOOST_TEST(get("uSER-aGENT: x\r\nRoute: y\r\n") == "ok");
  BOOST_TEST(head.fields.get(WEIR_H_USER_AGENT) == "x");
  BOOST_TEST(as_view(head.fields.rows()[1].name) == "uSER-aGENT");
  BOOST_TEST(head.fields.rows()[2].id == uint32_t{WEIR_A_ROUTE});
}

BOOST_AUTO_TEST_CASE(a_query_is_null_empty_or_as_received) {
  BOOST_TEST(target("/a") == "ok");
  BOOST_TEST(head.query.data() == nullptr);
  BOOST_TEST(target("/a?") == "ok");
  BOOST_TEST(head.query.data() != nullptr);
  BOOST_TEST(target("/a?/../%zz?b") == "ok");
  BOOST_TEST(head.query == "/../%zz?b");
  BOOST_TEST(head.path == "/a");
}

BOOST_AUTO_TEST_CASE(unknown_methods_pass_and_connect_does_not) {
  BOOST_TEST(target("/", "PURGE-1") == "ok");
  BOOST_TEST(target("/", "get") == "ok");
  BOOST_TEST(target("a:80", "CONNECT") == "405 connect");
  BOOST_TEST(target("/", "CONNECT") == "405 connect");
}

BOOST_AUTO_TEST_CASE(targets_have_the_forms_that_a_proxy_may_serve) {
  BOOST_TEST(target("HTTP://A/b?c") == "ok");
  BOOST_TEST(head.path == "/b");
  BOOST_TEST(head.query == "c");
  BOOST_TEST(target("https://a") == "ok");
  BOOST_TEST(head.path == "/");
  BOOST_TEST(head.scheme == "http");
  BOOST_TEST(target("http://a?x") == "ok");
  BOOST_TEST(head.path == "/");
  BOOST_TEST(target("*", "OPTIONS") == "ok");
  BOOST_TEST(head.path == "*");
  BOOST_TEST(target("http://a", "OPTIONS") == "ok");
  BOOST_TEST(head.path == "*");
  BOOST_TEST(target("http://a/", "OPTIONS") == "ok");
  BOOST_TEST(head.path == "/");
  BOOST_TEST(target("*") == "400 target_form");
  BOOST_TEST(target("*/a", "OPTIONS") == "400 target_form");
  BOOST_TEST(target("http://a*", "OPTIONS") == "400 host_differs");
  for (const auto* const bad : {"a", "a:80", "?a", "ftp://a/", "http:/a", "http:a", "://a"}) {
    BOOST_TEST(target(bad) == "400 target_form", bad);
  }
  for (const auto* const bad :
       {"http://b/", "http://a:80/", "http:///", "http://x@a/", "http://a.b/"}) {
    BOOST_TEST(target(bad) == "400 host_differs", bad);
  }
}

BOOST_AUTO_TEST_CASE(the_request_line_is_exact) {
  BOOST_TEST(get("", " GET / HTTP/1.1") == "400 request_line");
  BOOST_TEST(get("", "GET / HTTP/1.1 ") == "400 version");
  BOOST_TEST(get("", "GET /  HTTP/1.1") == "400 request_line");
  BOOST_TEST(get("", "GET\t/ HTTP/1.1") == "400 request_line");
  BOOST_TEST(get("", "GET / HTTP/1.1 x") == "400 version");
  BOOST_TEST(get("", "GET /a b HTTP/1.1") == "400 version");
  BOOST_TEST(get("", "GET") == "400 request_line");
  BOOST_TEST(get("", "GET ") == "400 version");
  BOOST_TEST(get("", "GET /") == "400 version");
  BOOST_TEST(get("", "GET / ") == "400 version");
  for (const auto* const other : {"HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/3.0"}) {
    BOOST_TEST(get("", std::string{"GET / "} + other) == "505 version_unsupported", other);
  }
  for (const auto* const bad :
       {"HTTP/1", "HTTP/11", "HTTP/1.1.", "HTTP/ 1.1", "HTTP/a.1", "HTTP/1,1", "Http/1.1"}) {
    BOOST_TEST(get("", std::string{"GET / "} + bad) == "400 version", bad);
  }
}

BOOST_AUTO_TEST_CASE(field_lines_are_exact) {
  BOOST_TEST(get("A : b\r\n") == "400 name_byte");
  BOOST_TEST(get("A\r\n") == "400 name_missing");
  BOOST_TEST(get("A\r: b\r\n") == "400 bare_cr");
  BOOST_TEST(get("A\n: b\r\n") == "400 bare_lf");
  BOOST_TEST(get("A: b\nC: d\r\n") == "400 bare_lf");
  BOOST_TEST(get("A: b\x7f\r\n") == "400 value_byte");
  BOOST_TEST(get("\tA: b\r\n") == "400 obs_fold");
  BOOST_TEST(get("A: b\r\n \r\n") == "400 obs_fold");
  BOOST_TEST(get("A\xc3\xa9: b\r\n") == "400 name_byte");
  BOOST_TEST(get("A: \xc3\xa9\r\n") == "ok");
  BOOST_TEST(get("A:\r\nB:   \r\n") == "ok");
  BOOST_TEST(get("A_b.c~: x\r\n") == "ok");
  BOOST_TEST(read("GET / HTTP/1.1\r\nHost: a\r\n") == "400 head_cut");
  BOOST_TEST(read("GET / HTTP/1.1\r\nHost: a\r\n\r\nX") == "400 head_cut");
  BOOST_TEST(read("GET / HTTP/1.1\r\nHost: a") == "400 head_cut");
  BOOST_TEST(read("") == "400 head_cut");
}

BOOST_AUTO_TEST_CASE(a_field_of_one_value_stands_there_once) {
  for (const std::string name :
       {"Authorization", "Content-Type", "Range", "User-Agent", "Origin", "Referer"}) {
    BOOST_TEST(get(name + ": a\r\n" + name + ": a\r\n") == "400 field_repeated", name);
  }
  BOOST_TEST(get("host: a\r\n") == "400 host_repeated");
  BOOST_TEST(get("Accept: a\r\nAccept: b\r\nCookie: a\r\nCookie: b\r\n") == "ok");
}

BOOST_AUTO_TEST_CASE(every_version_needs_a_host) {
  BOOST_TEST(read("GET / HTTP/1.1\r\n\r\n") == "400 host_missing");
  BOOST_TEST(read("GET / HTTP/1.0\r\n\r\n") == "400 host_missing");
  BOOST_TEST(read("GET / HTTP/1.1\r\nHost:\r\n\r\n") == "400 host_invalid");
}

BOOST_AUTO_TEST_CASE(transfer_coding_is_one_chunked_or_refused) {
  BOOST_TEST(get("Transfer-Encoding: Chunked\r\n") == "ok");
  BOOST_TEST((head.framing.kind == Framing::Kind::chunked));
  const auto te = [this](std::string_view value) {
    return get("Transfer-Encoding:" + std::string{value} + "\r\n");
  };
  BOOST_TEST(te(" identity") == "501 te_unknown");
  BOOST_TEST(te(" chunked, gzip") == "501 te_unknown");
  BOOST_TEST(te(" chunked, chunked") == "400 te_repeated");
  for (const auto* const bad : {"", " chunked,", " ,chunked", " chunked;q=1", " \"chunked\"",
                                " chunked x", "\tchunked", " chunked\t", " chunked;"}) {
    BOOST_TEST(te(bad) == "400 te_malformed", bad);
  }
  BOOST_TEST(get("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n") == "400 te_repeated");
}

BOOST_AUTO_TEST_CASE(connections_last_as_the_version_and_connection_say) {
  const auto keeps = [this](std::string_view version, std::string_view lines) {
    BOOST_TEST(get(lines, "GET / HTTP/" + std::string{version}) == "ok");
    return head.keep_alive;
  };
  BOOST_TEST(keeps("1.1", ""));
  BOOST_TEST(!keeps("1.1", "Connection: x, CLOSE\r\n"));
  BOOST_TEST(!keeps("1.0", ""));
  BOOST_TEST(keeps("1.0", "Connection: keep-alive\r\n"));
  BOOST_TEST(!keeps("1.0", "Connection: keep-alive\r\nConnection: close\r\n"));
  BOOST_TEST(get("Connection: close x\r\n") == "400 connection_malformed");
}

BOOST_AUTO_TEST_CASE(only_100_continue_may_be_expected) {
  BOOST_TEST(get("Expect: 100-Continue\r\nContent-Length: 1\r\n", "POST / HTTP/1.1") == "ok");
  BOOST_TEST(head.expect_continue);
  BOOST_TEST(get("Expect: 100-continue\r\nContent-Length: 1\r\n", "POST / HTTP/1.0") == "ok");
  BOOST_TEST(!head.expect_continue);
  BOOST_TEST(get("Expect: 100-continue\r\n") == "ok");
  BOOST_TEST(!head.expect_continue);
  BOOST_TEST(get("Expect: 200-ok\r\n") == "417 expect");
  BOOST_TEST(get("Expect: 100-continue, 100-continue\r\n") == "417 expect");
  BOOST_TEST(get("Expect: 100-continue\r\nExpect: 100-continue\r\n") == "417 expect");
  BOOST_TEST(get("Expect:\r\n") == "417 expect");
}

BOOST_AUTO_TEST_CASE(only_a_whole_websocket_handshake_is_an_upgrade) {
  const std::string upgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n";
  const std::string key = "Sec-WebSocket-Key: x\r\n";
  BOOST_TEST(get(upgrade + key) == "ok");
  BOOST_TEST(head.upgrade_websocket);
  const auto is_not = [this](const std::string& lines, std::string_view line = "GET / HTTP/1.1") {
    BOOST_TEST(get(lines, line) == "ok");
    return !head.upgrade_websocket;
  };
  BOOST_TEST(is_not(upgrade));
  BOOST_TEST(is_not(upgrade + key, "POST / HTTP/1.1"));
  BOOST_TEST(is_not(upgrade + key, "GET / HTTP/1.0"));
  BOOST_TEST(is_not(upgrade + key + "Content-Length: 5\r\n"));
  BOOST_TEST(is_not("Upgrade: websocket\r\n" + key));
  BOOST_TEST(is_not("Connection: Upgrade\r\nUpgrade: h2c\r\n" + key));
  BOOST_TEST(is_not("Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n" + key));
  BOOST_TEST(is_not(upgrade + "Upgrade: h2c\r\n" + key));
}

BOOST_AUTO_TEST_CASE(cookie_crumbs_count_as_fields) {
  std::string crumbs = "Cookie: a=1";
  for (int i = 0; i < 98; ++i) crumbs += "; b=2";
  BOOST_TEST(get(crumbs + "\r\n") == "ok");
  BOOST_TEST(get(crumbs + "; c=3\r\n") == "431 fields_many");
  BOOST_TEST(get(crumbs + "\r\nA: b\r\n") == "431 fields_many");
}

BOOST_AUTO_TEST_CASE(limits_hold_without_the_scanner_too) {
  RequestOptions options;
  options.limits = {.line = 20, .field = 10, .total = 60, .fields = 2};
  BOOST_TEST(read("GET /234567 HTTP/1.1\r\nHost: a\r\n\r\n", options) == "ok");
  BOOST_TEST(read("GET /2345678 HTTP/1.1\r\nHost: a\r\n\r\n", options) == "414 line_long");
  BOOST_TEST(read("GET / HTTP/1.1\r\nHost: abcd\r\n\r\n", options) == "ok");
  BOOST_TEST(read("GET / HTTP/1.1\r\nHost: abcde\r\n\r\n", options) == "431 field_long");
  BOOST_TEST(read("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nB: c\r\n\r\n", options) ==
             "431 fields_many");
  BOOST_TEST(read("GET / HTTP/1.1\r\n" + std::string(60, 'a'), options) == "431 head_long");
}

BOOST_AUTO_TEST_CASE(an_exhausted_arena_is_a_refusal) {
  const std::string bytes = "GET /a//b HTTP/1.1\r\nHost: A\r\n\r\n";
  for (size_t limit = 0; limit < 1400; limit += 7) {
    Arena small{{}, limit};
    const auto why = read_request(bytes, {}, small, names(), head);
    if (why)
      BOOST_TEST(why->status == (std::string_view{why->reason} == "head_memory" ? 431 : 400));
  }
}

BOOST_AUTO_TEST_CASE(an_encoded_slash_is_reported_where_a_listener_allows_it) {
  BOOST_TEST(target("/a%2fb") == "400 path_slash");
  RequestOptions options;
  options.allow_encoded_slash = true;
  BOOST_TEST(read("GET /a%2fb HTTP/1.1\r\nHost: a\r\n\r\n", options) == "ok");
  BOOST_TEST(head.encoded_slash);
  BOOST_TEST(head.path == "/a%2Fb");
  BOOST_TEST(read("GET /ab?%2F HTTP/1.1\r\nHost: a\r\n\r\n", options) == "ok");
  BOOST_TEST(!head.encoded_slash);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
