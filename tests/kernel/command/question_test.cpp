// SPDX-License-Identifier: Apache-2.0
#include "command/question.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

namespace {

using namespace std::string_literals;
using weir::Question;
using weir::Url;

std::string shown(std::string_view text) {
  const auto url = weir::parse_url(text);
  return url ? url->scheme + " " + url->authority + " " + url->target : url.error().text;
}

weir::conf::Model with_listeners(
    std::initializer_list<std::pair<const char*, uint16_t>> listeners) {
  weir::conf::Model model;
  for (const auto& [name, port] : listeners) {
    model.listeners.emplace_back().name = name;
    model.listeners.back().address.port = port;
  }
  return model;
}

size_t found(const weir::conf::Model& model, std::string_view url, std::string_view name = {}) {
  return weir::find_listener(model, *weir::parse_url(url), name).value_or(99);
}

BOOST_AUTO_TEST_SUITE(question)

BOOST_AUTO_TEST_CASE(urls_are_read_as_people_write_them) {
  BOOST_TEST(shown("http://a.test/x?y") == "http a.test /x?y");
  BOOST_TEST(shown("https://a.test:8443") == "https a.test:8443 /");
  BOOST_TEST(shown("http://a.test?q=http://b/") == "http a.test /?q=http://b/");
  BOOST_TEST(shown("a.test/x") == "http a.test /x");
  BOOST_TEST(shown("/x") == "http localhost /x");
  BOOST_TEST(shown(":8080/x") == "http localhost:8080 /x");
  BOOST_TEST(shown("/x?to=https://b.test/") == "http localhost /x?to=https://b.test/");
  BOOST_TEST(shown("http://[::1]:80/x#part") == "http [::1]:80 /x");
}

BOOST_AUTO_TEST_CASE(what_would_break_a_request_line_is_no_url) {
  for (const std::string& text :
       {""s, "http://"s, "http:///x"s, "ftp://a/"s, "/a b"s, "/a\r\nX: y"s, "/a\x7f"s, "/a\0b"s}) {
    BOOST_TEST(shown(text).starts_with("expected a URL"), text);
  }
}

BOOST_AUTO_TEST_CASE(fields_have_a_name_and_stay_on_their_line) {
  BOOST_TEST(weir::parse_header("A:  b: c ")->second == "b: c ");
  BOOST_TEST(weir::parse_header("A:")->second.empty());
  for (const std::string& text : {"A"s, ": b"s, "A: b\nC: d"s, ""s}) {
    BOOST_TEST(!weir::parse_header(text), text);
  }
}

BOOST_AUTO_TEST_CASE(the_listener_is_named_or_on_the_port_or_the_first) {
  const auto model = with_listeners({{"plain", 80}, {"secure", 443}, {"other", 8080}});
  BOOST_TEST(found(model, "http://a/") == 0);
  BOOST_TEST(found(model, "https://a/") == 1);
  BOOST_TEST(found(model, "http://a:8080/") == 2);
  BOOST_TEST(found(model, "http://a:9999/") == 0);
  BOOST_TEST(found(model, "https://a/", "other") == 2);
  BOOST_TEST(found(model, "https://a/", "none") == 99);
  BOOST_TEST(found({}, "https://a/") == 99);
}

BOOST_AUTO_TEST_CASE(a_host_field_takes_the_place_of_the_authority) {
  Question question{"GET", *weir::parse_url("/x"), {{"hOST", "a.test"}, {"B", "c"}}, {}, 0};
  const weir::DryRequest request = weir::dry_request(question);
  BOOST_TEST(request.authority == "a.test");
  BOOST_TEST(request.headers.size() == 1);
  BOOST_TEST(request.client.family == 4);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
