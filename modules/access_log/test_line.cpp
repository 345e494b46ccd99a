// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE access_log_line
#include "entry.hpp"
#include "line.hpp"
#include "line_buffer.hpp"
#include "log_format.hpp"
#include "redaction.hpp"
#include "selection.hpp"

#include <map>
#include <string>

#include <boost/test/unit_test.hpp>

namespace {

std::string escaped(std::string_view text, Escaping escaping) {
  Line line;
  line.begin_value();
  line.add_value(text, escaping);
  return std::string{line.view()};
}

constexpr KnownName names[] = {{"client.address", 1},  {"request.query", 2}, {"request.target", 3},
                               {"response.status", 4}, {"duration", 5},      {"upstream.status", 6},
                               {"request.method", 7},  {"upstream.time", 8}, {"route", 9}};
constexpr QueryBearers bearers{2, 3, 100, 101};  // 100: referer, 101: location

LogFormat compiled(std::string_view text) {
  return FormatCompiler{names,
                        [](std::string_view name) -> uint32_t {
                          return name == "referer" ? 100 : name == "location" ? 101 : 102;
                        }}
      .compile(text);
}

std::string trouble(std::string_view text) {
  try {
    compiled(text);
    return "none";
  } catch (const FormatError& error) {
    return error.what();
  }
}

struct Exchange {
  std::map<uint32_t, std::string> texts;
  std::map<uint32_t, uint64_t> numbers;
  std::map<uint32_t, std::string> requested, responded;
  std::vector<std::string> cookie_lines;

  static std::string_view find(const std::map<uint32_t, std::string>& in, uint32_t id) {
    const auto at = in.find(id);
    return at == in.end() ? std::string_view{} : std::string_view{at->second};
  }
  std::string_view text(uint32_t id) const { return find(texts, id); }
  uint64_t number(uint32_t id) const { return numbers.count(id) > 0 ? numbers.at(id) : 0; }
  std::string_view field(Side side, uint32_t id) const {
    return find(side == Side::request ? requested : responded, id);
  }
  std::string_view query() const { return text(2); }
  template <class Take>
  void cookies(const Take& take) const {
    for (const auto& line : cookie_lines) take(line);
  }
};

Exchange example() {
  Exchange exchange;
  exchange.texts = {{1, "192.0.2.1"}, {2, "a=1&token=xyz"}, {3, "/p?token=xyz"}, {7, "GET"}};
  exchange.numbers = {{4, 200}, {5, 1'234'567'890}};
  exchange.requested = {{100, "http://a/?Token=q#x"}, {102, "say \"hi\""}};
  exchange.responded = {{101, "/next?%74oken=1;b=2"}};
  exchange.cookie_lines = {"a=1; session=abc", "late=2"};
  return exchange;
}

Redaction hiding_tokens() {
  Redaction redaction;
  redaction.add("token");
  redaction.add("session");
  return redaction;
}

using Fields = std::vector<std::pair<std::string, std::string>>;

std::vector<NamedFormat> named(const Fields& fields) {
  std::vector<NamedFormat> out;
  for (const auto& [name, format] : fields) out.push_back({name, compiled(format)});
  return out;
}

std::string json(const Fields& fields, const Exchange& exchange = example()) {
  Line line;
  const auto redaction = hiding_tokens();
  Entry<Exchange>{exchange, redaction, bearers, line}.write_json(named(fields));
  return std::string{line.view()};
}

std::string logfmt(const Fields& fields) {
  Line line;
  const auto redaction = hiding_tokens();
  const auto exchange = example();
  Entry<Exchange>{exchange, redaction, bearers, line}.write_logfmt(named(fields));
  return std::string{line.view()};
}

std::string text(std::string_view format, const Exchange& exchange = example()) {
  Line line;
  const auto redaction = hiding_tokens();
  Entry<Exchange>{exchange, redaction, bearers, line}.write_text(compiled(format));
  return std::string{line.view()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(line)

BOOST_AUTO_TEST_CASE(no_value_can_end_a_line_or_steer_a_terminal) {
  BOOST_TEST(escaped("a\r\nb\x1b[31m\"\\", Escaping::log) == R"(a\x0d\x0ab\x1b[31m\"\\)");
  BOOST_TEST(escaped("a\r\nb\x1b[31m\"\\", Escaping::json) == R"(a\u000d\u000ab\u001b[31m\"\\)");
  BOOST_TEST(escaped({"\0\x7f", 2}, Escaping::log) == R"(\x00\x7f)");
  BOOST_TEST(escaped({"\0\x7f", 2}, Escaping::json) == R"(\u0000\u007f)");
  BOOST_TEST(escaped("\xc3\xa4", Escaping::log) == R"(\xc3\xa4)");
}

BOOST_AUTO_TEST_CASE(json_stays_utf_8) {
  for (const auto* good : {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xc2\xa0"})
    BOOST_TEST(escaped(good, Escaping::json) == good);
  BOOST_TEST(escaped("\xc2\x9b", Escaping::json) == R"(\u009b)");
  BOOST_TEST(escaped("\xff", Escaping::json) == R"(\ufffd)");
  BOOST_TEST(escaped("\xc3", Escaping::json) == R"(\ufffd)");
  BOOST_TEST(escaped("\xc0\xaf", Escaping::json) == R"(\ufffd\ufffd)");
  BOOST_TEST(escaped("\xed\xa0\x80", Escaping::json) == R"(\ufffd\ufffd\ufffd)");
  BOOST_TEST(escaped("\xf4\x90\x80\x80", Escaping::json) == R"(\ufffd\ufffd\ufffd\ufffd)");
  BOOST_TEST(escaped("\xe2\x82"
                     "a",
                     Escaping::json) == R"(\ufffd\ufffda)");
}

BOOST_AUTO_TEST_CASE(a_value_is_cut_between_characters) {
  BOOST_TEST(escaped(std::string(3000, 'x'), Escaping::log).size() == 2048U);
  const auto hex = escaped(std::string(3000, '\n'), Escaping::log);
  BOOST_TEST(hex.size() == 2048U);
  BOOST_TEST(hex.ends_with("\\x0a"));
  std::string euros;
  for (int i = 0; i < 1000; ++i) euros += "\xe2\x82\xac";
  BOOST_TEST(escaped(euros, Escaping::json).size() == 2046U);
}

BOOST_AUTO_TEST_CASE(a_format_has_text_and_names) {
  BOOST_TEST(text("{client.address} {{{request.method}}}") == "192.0.2.1 {GET}\n");
  BOOST_TEST(text("{route|-} {cookie.none|no \"x\"}") == "- no \"x\"\n");
  BOOST_TEST(text("{request.header.X-Some}") == "say \\\"hi\\\"\n");
  BOOST_TEST(text("{cookie.a} {cookie.late} {query.a}") == "1 2 1\n");
}

BOOST_AUTO_TEST_CASE(numbers_have_units_where_they_are_times) {
  BOOST_TEST(text("{duration} {duration.us} {duration.ms} {duration.s}") ==
             "1.234 1234567 1234.567 1.234567\n");
  BOOST_TEST(text("{upstream.status|-} {response.status}") == "- 200\n");
}

BOOST_AUTO_TEST_CASE(a_wrong_format_says_what_is_wrong) {
  BOOST_TEST(trouble("{client.adress}") == "unknown name 'client.adress'");
  BOOST_TEST(trouble("{response.status.ms}") == "unknown name 'response.status.ms'");
  BOOST_TEST(trouble("{duration.h}") == "unknown name 'duration.h'");
  BOOST_TEST(trouble("{}") == "unknown name ''");
  BOOST_TEST(trouble("{query.}") == "unknown name 'query.'");
  for (const auto* open : {"{client.address", "a } b", "{"})
    BOOST_TEST(trouble(open).starts_with("a brace has no partner"), open);
  BOOST_TEST(trouble("{{ }} {request.header.a} {response.header.b} {attr.c}") == "none");
}

BOOST_AUTO_TEST_CASE(json_keeps_numbers_and_leaves_out_what_is_absent) {
  BOOST_TEST(json({{"status", "{response.status}"},
                   {"took", "{duration.s}"},
                   {"both", "{response.status} {request.method}"},
                   {"route", "{route}"},
                   {"upstream_status", "{upstream.status}"},
                   {"fixed", "web1"},
                   {"gone", ""}}) ==
             "{\"status\":200,\"took\":1.234567,\"both\":\"200 GET\",\"fixed\":\"web1\"}\n");
  BOOST_TEST(json({}) == "{}\n");
}

BOOST_AUTO_TEST_CASE(logfmt_quotes_what_needs_it) {
  BOOST_TEST(logfmt({{"m", "{request.method}"},
                     {"a", "{request.header.x}"},
                     {"s", "{response.status}"},
                     {"q", "{query.a}=1"}}) == "m=GET a=\"say \\\"hi\\\"\" s=200 q=\"1=1\"\n");
}

BOOST_AUTO_TEST_CASE(secrets_are_hidden_wherever_a_query_stands) {
  BOOST_TEST(text("{request.query}") == "a=1&token=***\n");
  BOOST_TEST(text("{request.target}") == "/p?token=***\n");
  BOOST_TEST(text("{request.header.referer}") == "http://a/?Token=***\n");
  BOOST_TEST(text("{response.header.location}") == "/next?%74oken=***;b=2\n");
  BOOST_TEST(text("{query.token} {cookie.session} {query.a}") == "*** *** 1\n");
}

BOOST_AUTO_TEST_CASE(credentials_are_hidden_always) {
  const Redaction none;
  for (const auto* name : {"authorization", "Cookie", "SET-COOKIE", "proxy-authorization"})
    BOOST_TEST(none.hides(name), name);
  BOOST_TEST(!none.hides("token"));
  BOOST_TEST(!none.hides("cookies"));
  BOOST_TEST(text("{request.header.authorization}") == "***\n");
}

BOOST_AUTO_TEST_CASE(a_line_is_whole_however_long_its_values_are) {
  auto exchange = example();
  exchange.texts[1] = std::string(3000, '"');
  const Fields fields{{"a", "{client.address}"}, {"b", "{client.address}"},
                      {"c", "{client.address}"}, {"d", "{client.address}"},
                      {"e", "{client.address}"}, {"s", "{response.status}"}};
  const auto written = json(fields, exchange);
  BOOST_TEST(written.size() <= 8192U);
  BOOST_TEST(written.size() > 8000U);
  BOOST_TEST(written.ends_with("\\\"\",\"cut\":true}\n"));
  BOOST_TEST(std::count(written.begin(), written.end(), '\n') == 1);
  const auto plain = text(
      "{client.address}{client.address}{client.address}{client.address}"
      "{client.address}{client.address}",
      exchange);
  BOOST_TEST(plain.size() <= 8192U);
  BOOST_TEST(plain.back() == '\n');
}

BOOST_AUTO_TEST_CASE(statuses_are_numbers_classes_and_ranges) {
  const auto shown = [](std::string_view written) {
    const auto range = parse_status(written);
    return range ? std::to_string(range->first) + "-" + std::to_string(range->last) : "none";
  };
  BOOST_TEST(shown("404") == "404-404");
  BOOST_TEST(shown("5xx") == "500-599");
  BOOST_TEST(shown("500-504") == "500-504");
  BOOST_TEST(shown("0") == "0-0");
  for (const auto* wrong : {"", "x", "6xx", "0xx", "5XX", "504-500", "-500", "500-", "1000", "4 4"})
    BOOST_TEST(shown(wrong) == "none", wrong);
}

BOOST_AUTO_TEST_CASE(one_condition_of_a_selection_is_enough) {
  Selection all;
  BOOST_TEST(all.takes(200, 0, "/"));
  Selection some;
  some.add_status({500, 599});
  some.set_slower_than(1000);
  some.skip("/healthz");
  some.skip("/assets/*");
  BOOST_TEST(!some.takes(200, 1000, "/"));
  BOOST_TEST(some.takes(200, 1001, "/"));
  BOOST_TEST(some.takes(503, 0, "/"));
  BOOST_TEST(!some.takes(503, 0, "/healthz"));
  BOOST_TEST(!some.takes(503, 0, "/assets/a"));
  BOOST_TEST(some.takes(503, 0, "/assets"));
  BOOST_TEST(some.takes(503, 0, "/healthz/x"));
}

BOOST_AUTO_TEST_CASE(a_sample_has_its_share) {
  Sampler sampler{1};
  int taken = 0;
  for (int i = 0; i < 100000; ++i) taken += sampler.takes(0.1);
  BOOST_TEST(taken > 9500);
  BOOST_TEST(taken < 10500);
  BOOST_TEST(sampler.takes(1));
  BOOST_TEST(!sampler.takes(0));
}

BOOST_AUTO_TEST_CASE(a_buffer_takes_turns_and_refuses_what_has_no_room) {
  LineBuffer buffer{64};
  BOOST_TEST(buffer.empty());
  BOOST_TEST(buffer.add("0123456789abcde\n"));
  BOOST_TEST(buffer.filled());
  BOOST_TEST(buffer.add("0123456789abcde\n"));
  BOOST_TEST(!buffer.add("x\n"));
  auto block = buffer.take();
  BOOST_TEST(block.size() == 32U);
  BOOST_TEST(buffer.add("x\n"));
  buffer.give_back(std::move(block));
  buffer.put_back(buffer.take());
  BOOST_TEST(buffer.add("y\n"));
  BOOST_TEST(buffer.take() == "x\ny\n");
  BOOST_TEST(buffer.empty());
}

BOOST_AUTO_TEST_SUITE_END()
