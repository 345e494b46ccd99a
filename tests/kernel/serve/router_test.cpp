// SPDX-License-Identifier: Apache-2.0
#include "serve/router.hpp"

#include "route_world.hpp"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

using weir::RouteConflict;
using weir::RouteMatch;
using weir::RouteQuery;

namespace {

std::vector<std::string> conflicts(const std::vector<Draft>& drafts) {
  std::vector<std::string> texts;
  for (const auto& conflict : Table(drafts).built.conflicts) texts.push_back(conflict.text);
  return texts;
}

std::vector<std::string> explained(const Table& table, const Ask& ask) {
  return ask.with(table.names, [&](const RouteQuery& query) {
    std::vector<std::string> lines;
    for (const auto& trial : table.built.router.explain(query)) {
      lines.push_back(table.routes[trial.route].name + ": " +
                      (trial.taken ? "taken" : trial.reason));
    }
    return lines;
  });
}

using Texts = std::vector<std::string>;

}  // namespace

#define CHECK_TEXTS(left, ...) \
  BOOST_TEST((left) == (Texts{__VA_ARGS__}), boost::test_tools::per_element())

BOOST_AUTO_TEST_SUITE(router)

BOOST_AUTO_TEST_CASE(a_host_is_exact_then_the_longest_wildcard_then_any) {
  const Table table({Draft("any"), Draft("com").host("*.com"), Draft("wild").host("*.example.com"),
                     Draft("exact").host("www.example.com"), Draft("local").host("localhost")});
  BOOST_TEST(table.built.conflicts.empty());
  const std::pair<const char*, const char*> rows[] = {
      {"www.example.com", "exact"}, {"a.example.com", "wild"},   {"a.b.example.com", "wild"},
      {"example.com", "com"},       {"other.com", "com"},        {"com", "any"},
      {"localhost", "local"},       {"www.localhost", "any"},    {"", "any"},
      {"xexample.com", "com"},      {".example.com", "com"},     {"[::1]", "any"},
      {"127.0.0.1", "any"},         {"www.example.com.", "any"},
  };
  for (const auto& [host, expected] : rows) BOOST_TEST(Ask(host, "/").in(table) == expected, host);
  BOOST_TEST(Ask(std::string(120, '.') + "com", "/").in(table) == "com");
}

BOOST_AUTO_TEST_CASE(a_path_is_decided_segment_by_segment_from_the_left) {
  const Table table({Draft("root").path("/"), Draft("a").path("/a"), Draft("a/").path("/a/"),
                     Draft("a/*").path("/a/*"), Draft("a/b").path("/a/b"),
                     Draft("a/{x}").path("/a/{x}"), Draft("a/{x}/c").path("/a/{x}/c"),
                     Draft("a/b/*").path("/a/b/*"), Draft("{x}/b").path("/{x}/b"),
                     Draft("x/*").path("/x/*"), Draft("{x}/{y}/d").path("/{x}/{y}/d")});
  BOOST_TEST(table.built.conflicts.empty());
  const std::pair<const char*, const char*> rows[] = {
      {"/", "root"},     {"/a", "a"},           {"/a/", "a/"},       {"/a/b", "a/b"},
      {"/a/q", "a/{x}"}, {"/a/q/c", "a/{x}/c"}, {"/a/b/c", "a/b/*"}, {"/a/b/", "a/b/*"},
      {"/a/q/d", "a/*"}, {"/q/b", "{x}/b"},     {"/q", "-"},         {"/x", "x/*"},
      {"/x/", "x/*"},    {"/x/b", "x/*"},       {"/xy", "-"},        {"/q/q/d", "{x}/{y}/d"},
      {"/ab", "-"},      {"//b", "-"},          {"*", "-"},          {"", "-"},
      {"/A", "-"},
  };
  for (const auto& [path, expected] : rows) BOOST_TEST(Ask("h", path).in(table) == expected, path);
}

BOOST_AUTO_TEST_CASE(any_path_takes_what_is_no_path_too) {
  const Table table({Draft("all"), Draft("star").host("h").path("/*")});
  BOOST_TEST(Ask("h", "*", "OPTIONS").in(table) == "star");
  BOOST_TEST(Ask("i", "*", "OPTIONS").in(table) == "all");
}

BOOST_AUTO_TEST_CASE(parameters_and_the_rest_are_views_into_the_path) {
  const Table table({Draft("user").path("/users/{id}/posts/{post}/*"),
                     Draft("plain").path("/plain"),
                     Draft("other").host("h").path("/users/{name}/{what}")});
  const std::string path = "/users/17/posts/a%20b/c/d";
  RouteMatch match;
  RouteQuery query;
  query.path = path;
  BOOST_TEST(table.built.router.match(query, match));
  BOOST_TEST(match.parameter("id") == "17");
  BOOST_TEST(match.parameter("post") == "a%20b");
  BOOST_TEST((match.parameter("what").data() == nullptr));
  BOOST_TEST(match.names.size() == 2u);
  BOOST_TEST(match.rest == "/c/d");
  BOOST_TEST(match.rest.data() == path.data() + path.size() - 4);
  query.host = "h";
  query.path = "/users/me/x";
  BOOST_TEST(table.built.router.match(query, match));
  BOOST_TEST(match.parameter("name") == "me");
  BOOST_TEST(match.parameter("what") == "x");
  BOOST_TEST(match.rest.empty());
  query.path = "/plain";
  BOOST_TEST(table.built.router.match(query, match));
  BOOST_TEST(match.names.empty());
}

BOOST_AUTO_TEST_CASE(a_failed_condition_falls_back_along_paths_and_hosts) {
  const Table table({Draft("get").host("h").path("/a/b").method("GET"),
                     Draft("post").host("h").path("/a/*").method("POST"),
                     Draft("put").host("*.h").path("/a/b").method("PUT"), Draft("all")});
  BOOST_TEST(Ask("h", "/a/b", "GET").in(table) == "get");
  BOOST_TEST(Ask("h", "/a/b", "POST").in(table) == "post");
  BOOST_TEST(Ask("h", "/a/b", "PUT").in(table) == "all");
  BOOST_TEST(Ask("x.h", "/a/b", "PUT").in(table) == "put");
  BOOST_TEST(Ask("h", "/a/b", "HEAD").in(table) == "all");
  BOOST_TEST(Ask("h", "/c", "GET").in(table) == "all");
}

BOOST_AUTO_TEST_CASE(a_failed_parameter_gives_its_place_back) {
  const Table table(
      {Draft("deep").path("/{a}/{b}/{c}").method("POST"), Draft("shallow").path("/{x}/*")});
  RouteMatch match;
  RouteQuery query;
  query.path = "/1/2/3";
  query.method = "GET";
  BOOST_TEST(table.built.router.match(query, match));
  BOOST_TEST(match.parameter("x") == "1");
  BOOST_TEST(match.names.size() == 1u);
  BOOST_TEST(match.rest == "/2/3");
}

BOOST_AUTO_TEST_CASE(headers_queries_cookies_and_clients_decide) {
  const Table table({Draft("plain"), Draft("there").header("x-a"), Draft("not").header("!x-b"),
                     Draft("one").header("x-a=1"), Draft("two").header("x-a=1").header("x-c"),
                     Draft("q").query("debug=on"), Draft("c").cookie("beta=yes|maybe"),
                     Draft("net").client("10.0.0.0/8"), Draft("near").client("10.1.0.0/16")});
  BOOST_TEST(table.built.conflicts.size() == 1u);  // "there" and "not" meet in X-A without X-B
  const auto plain = Ask("h", "/").header("x-b", "1");
  BOOST_TEST(Ask(plain).in(table) == "plain");
  BOOST_TEST(Ask(plain).header("X-A", "0").in(table) == "there");
  BOOST_TEST(Ask(plain).header("X-A", "1").in(table) == "one");
  BOOST_TEST(Ask(plain).header("x-a", "1").header("x-C", "").in(table) == "two");
  BOOST_TEST(Ask(plain).header("x-a", "0").header("x-a", "1").in(table) == "there");
  BOOST_TEST(Ask("h", "/").in(table) == "not");
  BOOST_TEST(Ask(plain).query("a=b&debug=on").in(table) == "q");
  BOOST_TEST(Ask(plain).query("%64ebug=%6fn").in(table) == "q");
  BOOST_TEST(Ask(plain).query("debug=off&debug=on").in(table) == "plain");
  BOOST_TEST(Ask(plain).query("debug=on&debug=off").in(table) == "plain");
  BOOST_TEST(Ask(plain).query("debug=on&debug=on").in(table) == "q");
  BOOST_TEST(Ask(plain).header("x-a", "1").header("x-a", "0").in(table) == "there");
  BOOST_TEST(Ask(plain).header("cookie", "beta=yes; beta=no").in(table) == "plain");
  BOOST_TEST(Ask(plain).header("cookie", "beta=yes; beta=maybe").in(table) == "c");
  BOOST_TEST(Ask(plain).query("debug=on%2").in(table) == "plain");
  BOOST_TEST(Ask(plain).query("debug=on%zz").in(table) == "plain");
  BOOST_TEST(Ask(plain).header("cookie", "a=b; beta=maybe").in(table) == "c");
  BOOST_TEST(Ask(plain).header("cookie", "beta=no").in(table) == "plain");
  BOOST_TEST(Ask(plain).client("10.2.0.1").in(table) == "net");
  BOOST_TEST(Ask(plain).client("10.1.0.1").in(table) == "near");
  BOOST_TEST(Ask(plain).client("11.1.0.1").in(table) == "plain");
  BOOST_TEST(Ask(plain).client("::1").in(table) == "plain");
}

BOOST_AUTO_TEST_CASE(a_query_value_is_compared_decoded) {
  const Table table({Draft("hit").query("q=a b+c"), Draft("empty").query("e=")});
  BOOST_TEST(Ask("h", "/").query("q=a%20b%2bc").in(table) == "hit");
  BOOST_TEST(Ask("h", "/").query("q=a+b%2Bc").in(table) == "hit");
  BOOST_TEST(Ask("h", "/").query("q=a+b+c").in(table) == "-");
  BOOST_TEST(Ask("h", "/").query("e").in(table) == "empty");
  BOOST_TEST(Ask("h", "/").query("e=1").in(table) == "-");
}

BOOST_AUTO_TEST_CASE(kinds_of_conditions_weigh_in_the_order_of_the_table) {
  const Table table({Draft("client").client("10.0.0.1"), Draft("cookie").cookie("c"),
                     Draft("query").query("q"), Draft("header").header("h"),
                     Draft("method").method("GET"), Draft("methods").method("GET").method("PUT"),
                     Draft("value").header("h=1"), Draft("values").header("h=1|2")});
  BOOST_TEST(table.built.conflicts.empty());
  auto ask = Ask("h", "/", "DELETE").client("10.0.0.1");
  BOOST_TEST(Ask(ask).in(table) == "client");
  ask.header("cookie", "c=1");
  BOOST_TEST(Ask(ask).in(table) == "cookie");
  ask.query("q");
  BOOST_TEST(Ask(ask).in(table) == "query");
  BOOST_TEST(Ask(ask).header("h", "3").in(table) == "header");
  BOOST_TEST(Ask(ask).header("h", "2").in(table) == "values");
  BOOST_TEST(Ask(ask).header("h", "1").in(table) == "value");
  BOOST_TEST(Ask("h", "/", "GET").header("h", "1").in(table) == "method");
  BOOST_TEST(Ask("h", "/", "PUT").header("h", "1").in(table) == "methods");
}

BOOST_AUTO_TEST_CASE(the_listener_comes_before_the_host) {
  const Table table({Draft("admin").listener("admin"), Draft("site").host("example.com"),
                     Draft("both").listener(":80").listener("admin").path("/both"), Draft("rest")});
  BOOST_TEST(table.built.conflicts.empty());
  BOOST_TEST(Ask("example.com", "/").in(table) == "site");
  BOOST_TEST(Ask("example.com", "/").listener(1).in(table) == "admin");
  BOOST_TEST(Ask("example.com", "/both").listener(0).in(table) == "both");
  BOOST_TEST(Ask("example.com", "/both").listener(1).in(table) == "both");
  BOOST_TEST(Ask("x", "/").listener(0).in(table) == "rest");
  BOOST_TEST(Ask("x", "/").listener(7).in(table) == "rest");
}

BOOST_AUTO_TEST_CASE(a_tie_names_both_lines_and_what_they_share) {
  const weir::conf::Source source("weir.toml", "/", "");
  const weir::conf::Source other("more.toml", "/", "");
  const auto at = [&](uint32_t line) { return Draft("r", &source, line); };
  CHECK_TEXTS(conflicts({at(13).host("example.com").path("/api/*"),
                         at(31).host("example.com").path("/api/*")}),
              "routes at lines 13 and 31 tie on host example.com, path /api/*; neither is more "
              "specific");
  CHECK_TEXTS(conflicts({at(1), Draft("r", &other, 5)}),
              "routes at weir.toml:1 and more.toml:5 tie on any host, any path; neither is more "
              "specific");
  CHECK_TEXTS(conflicts({Draft("a").listener("admin").host("*.x"),
                         Draft("b").listener("admin").host("*.x")}),
              "routes a and b tie on listener admin, host *.x, any path; neither is more specific");
  CHECK_TEXTS(conflicts({Draft("a").path("/{id}"), Draft("b").path("/{name}")}),
              "routes a and b tie on any host, path /{id}; neither is more specific");
  const Table table({Draft("a"), Draft("b").host("h"), Draft("c")});
  BOOST_TEST(table.built.conflicts.at(0).first == 0u);
  BOOST_TEST(table.built.conflicts.at(0).second == 2u);
  BOOST_TEST((table.built.conflicts.at(0).kind == RouteConflict::Kind::tie));
}

BOOST_AUTO_TEST_CASE(equals_that_cannot_meet_do_not_tie) {
  BOOST_TEST(conflicts({Draft("a").method("GET"), Draft("b").method("PUT")}).empty());
  BOOST_TEST(conflicts({Draft("a").header("x=1"), Draft("b").header("x=2")}).empty());
  BOOST_TEST(conflicts({Draft("a").header("x"), Draft("b").header("!x")}).empty());
  BOOST_TEST(conflicts({Draft("a").cookie("x=1"), Draft("b").cookie("x=2")}).empty());
  BOOST_TEST(conflicts({Draft("a").query("x=1|2"), Draft("b").query("x=3|4")}).empty());
  BOOST_TEST(
      conflicts({Draft("a").client("10.0.0.0/9"), Draft("b").client("10.128.0.0/9")}).empty());
  BOOST_TEST(conflicts({Draft("a").path("/x"), Draft("b").path("/x/")}).empty());
  BOOST_TEST(conflicts({Draft("a").path("/x"), Draft("b").path("/x/*")}).empty());
  BOOST_TEST(conflicts({Draft("a").listener("admin"), Draft("b").listener(":80")}).empty());
}

BOOST_AUTO_TEST_CASE(equals_that_can_meet_do_tie) {
  BOOST_TEST(
      conflicts({Draft("a").method("GET").method("PUT"), Draft("b").method("POST").method("PUT")})
          .size() == 1u);
  BOOST_TEST(conflicts({Draft("a").header("x=1"), Draft("b").header("y=1")}).size() == 1u);
  BOOST_TEST(conflicts({Draft("a").header("x=1|2"), Draft("b").header("x=2|3")}).size() == 1u);
  BOOST_TEST(conflicts({Draft("a").client("10.0.0.0/8").client("11.0.0.0/16"),
                        Draft("b").client("10.1.0.0/16").client("12.0.0.0/8")})
                 .size() == 1u);
}

BOOST_AUTO_TEST_CASE(patterns_written_twice_do_not_tie_with_themselves) {
  BOOST_TEST(
      conflicts({Draft("a").host("h").host("h").path("/x").path("/x").method("GET").method("GET")})
          .empty());
  CHECK_TEXTS(conflicts({Draft("a").path("/x").path("/y"), Draft("b").path("/y").path("/x")}),
              "routes a and b tie on any host, path /x; neither is more specific");
}

BOOST_AUTO_TEST_CASE(a_route_that_never_gets_a_request_is_an_error) {
  CHECK_TEXTS(conflicts({Draft("a").listener(":80").listener("admin"), Draft("b").host("h")}),
              "route b never gets a request: route a, which names the listener, takes all of them "
              "before it");
  CHECK_TEXTS(
      conflicts({Draft("a").listener(":80").path("/x/*"),
                 Draft("b").listener("admin").host("*.h").path("/{p}/*"),
                 Draft("c").host("a.h").path("/x/y").method("GET")}),
      "route c never gets a request: routes a, b, which name the listener, take all of them "
      "before it");
  const auto both = [](const char* name) { return Draft(name).listener(":80").listener("admin"); };
  BOOST_TEST(conflicts({both("a").host("h"), Draft("b").host("*.h")}).empty());
  BOOST_TEST(conflicts({both("a").host("*.h"), Draft("b").host("*.h")}).size() == 1u);
  BOOST_TEST(conflicts({both("a").host("*.h"), Draft("b").host("*.g.h")}).size() == 1u);
  BOOST_TEST(conflicts({both("a").host("*.g.h"), Draft("b").host("*.h")}).empty());
  BOOST_TEST(conflicts({both("a").host("*.h"), Draft("b")}).empty());
  BOOST_TEST(conflicts({both("a").path("/{x}"), Draft("b").path("/y")}).size() == 1u);
  BOOST_TEST(conflicts({both("a").path("/{x}"), Draft("b").path("/y/*")}).empty());
  BOOST_TEST(conflicts({both("a").path("/{x}"), Draft("b").path("/")}).empty());
  BOOST_TEST(conflicts({both("a").path("/y"), Draft("b").path("/{x}")}).empty());
  BOOST_TEST(conflicts({both("a").method("GET"), Draft("b")}).empty());
  BOOST_TEST(conflicts({both("a").method("GET").method("PUT"), Draft("b").method("PUT")}).size() ==
             1u);
  BOOST_TEST(conflicts({both("a").header("x"), Draft("b").header("x=1").header("y")}).size() == 1u);
  BOOST_TEST(conflicts({both("a").header("x=1"), Draft("b").header("x")}).empty());
  BOOST_TEST(conflicts({both("a").client("10.0.0.0/8"), Draft("b").client("10.1.0.0/16")}).size() ==
             1u);
  BOOST_TEST(conflicts({both("a").client("10.1.0.0/16"), Draft("b").client("10.0.0.0/8")}).empty());
  BOOST_TEST(conflicts({both("a").path("/x"), Draft("b").path("/x").path("/y")}).empty());
  BOOST_TEST(conflicts({Draft("a").listener(":80"), Draft("b").host("h")}).empty());
}

BOOST_AUTO_TEST_CASE(tables_beyond_the_bounds_are_errors) {
  std::string path;
  for (int i = 0; i < 17; ++i) path += "/{p" + std::to_string(i) + "}";
  CHECK_TEXTS(conflicts({Draft("a").path(path)}),
              "route a: path " + path + " has more than 16 parameters");
  BOOST_TEST(conflicts({Draft("a").path(path.substr(0, path.rfind('/')))}).empty());
  std::vector<Draft> many;
  for (int i = 0; i < 4097; ++i) many.push_back(Draft("r").header("x=" + std::to_string(i)));
  CHECK_TEXTS(conflicts(many),
              "more than 4096 routes share any host, any path and differ in values only; give them "
              "hosts or paths of their own");
  many.pop_back();
  BOOST_TEST(conflicts(many).empty());
  BOOST_TEST(conflicts(std::vector<Draft>(500, Draft("same"))).size() == 100u);
}

BOOST_AUTO_TEST_CASE(an_explanation_lists_every_route_with_its_reason) {
  const Table table({Draft("rest"), Draft("put").host("h").path("/a/b").method("PUT"),
                     Draft("canary").host("h").path("/a/*").header("x-canary=1"),
                     Draft("users").host("h").path("/a/*").client("10.0.0.0/8"),
                     Draft("a").host("h").path("/a/*"), Draft("c").host("h").path("/c"),
                     Draft("other").host("other"), Draft("admin").listener("admin").host("h")});
  CHECK_TEXTS(explained(table, Ask("h", "/a/b").header("x-canary", "0").client("192.0.2.1")),
              "put: method GET is not PUT", "canary: header x-canary is \"0\", not 1",
              "users: client 192.0.2.1 is in none of its ranges", "a: taken",
              "rest: a more specific route holds", "c: path /a/b does not match",
              "other: host h does not match", "admin: it is for other listeners");
  CHECK_TEXTS(explained(Table({Draft("a").query("q"), Draft("b").cookie("!c")}),
                        Ask("h", "/").header("cookie", "c=1")),
              "a: query q is missing", "b: cookie c is there");
}

BOOST_AUTO_TEST_CASE(an_empty_table_holds_for_nothing) {
  BOOST_TEST(Ask("h", "/").in(Table({})) == "-");
  BOOST_TEST(Table({}).built.conflicts.empty());
}

BOOST_AUTO_TEST_SUITE_END()
