// SPDX-License-Identifier: Apache-2.0
#include "conf/model.hpp"

#include "conf/scan.hpp"

#include <chrono>

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir::conf;
using namespace std::chrono_literals;

struct Fixture {
  const Model& read(std::string text) {
    document = load_text("weir.toml", std::move(text), report);
    BOOST_TEST_REQUIRE(document.has_value(), messages());
    model = read_model(*document, report);
    return *model;
  }
  std::string messages() const {
    std::string out;
    for (const Finding& each : report.findings()) out += each.message + "\n";
    return out;
  }

  Report report;
  std::optional<Document> document;
  std::optional<Model> model;
};

const std::string shortest =
    "[[listener]]\naddress = \"127.0.0.1:8080\"\n[[route]]\nto = \"http://127.0.0.1:9001\"\n";

BOOST_FIXTURE_TEST_SUITE(models, Fixture)

BOOST_AUTO_TEST_CASE(four_lines_are_a_whole_configuration) {
  const Model& made = read(shortest);
  BOOST_TEST(messages() == "");
  BOOST_TEST(made.listeners[0].address.port == 8080);
  BOOST_TEST(made.listeners[0].name == "127.0.0.1:8080");
  BOOST_TEST(made.routes[0].name == "weir.toml:3");
  BOOST_TEST(made.routes[0].upstream == 0u);
  BOOST_TEST(made.routes[0].websocket);
  const Upstream& upstream = made.upstreams[0];
  BOOST_TEST(upstream.name == "http://127.0.0.1:9001");
  BOOST_TEST(upstream.endpoints[0].address.port == 9001);
  BOOST_TEST((upstream.connect == 3s && upstream.first_byte == 60s && upstream.read == 60s));
  BOOST_TEST(upstream.max_idle == 64u);
  BOOST_TEST(!upstream.balancer.has_value());
}

BOOST_AUTO_TEST_CASE(defaults_of_the_server_are_those_of_the_design) {
  const Server& server = read(shortest).server;
  BOOST_TEST(server.workers == 0u);
  BOOST_TEST(server.log.level == static_cast<uint32_t>(WEIR_NOTICE));
  BOOST_TEST((server.drain == 30s));
  BOOST_TEST(server.limits.request_line == 8192u);
  BOOST_TEST(server.limits.header == 32768u);
  BOOST_TEST(server.limits.header_count == 100);
  BOOST_TEST(server.limits.body == 1u << 30);
  BOOST_TEST(server.limits.connections_per_client == 512);
  BOOST_TEST((server.timeouts.head == 10s && server.timeouts.keep_alive == 60s));
  BOOST_TEST((server.timeouts.tunnel == 10min));
}

BOOST_AUTO_TEST_CASE(limits_are_read_from_their_rows) {
  const Server& server =
      read(shortest +
           "[server]\ntrusted_proxies = [\"10.0.0.0/8\"]\nlimits.header_count = 7\n"
           "[server.timeouts]\nhead = \"1s\"\nconnect = \"1s\"\n")
          .server;
  BOOST_TEST(messages() == "");
  BOOST_TEST(server.limits.header_count == 7);
  BOOST_TEST((server.timeouts.head == 1s));
  BOOST_TEST(server.trusted_proxies.size() == 1u);
  BOOST_TEST((model->upstreams[0].connect == 1s));
}

BOOST_AUTO_TEST_CASE(a_route_says_what_it_matches) {
  const Model& made = read(
      "[[listener]]\naddress = \":80\"\nname = \"main\"\nfilters = \"a\"\n[[route]]\nname = \"r\"\n"
      "listener = \"main\"\nhost = [\"Example.COM.\", \"*.example.com\"]\npath = "
      "\"/a/{id}/*\"\nmethod = \"GET\"\n"
      "header = { X-Env = \"test\", X-Debug = true, X-No = false }\nquery = { q = [\"1\", \"2\"] "
      "}\n"
      "client = \"10.0.0.0/8\"\nfilters = [\"x\", { y = { k = 1 } }]\nwebsocket = false\n"
      "encoded_slash = true\ntrailers = [\"Grpc-Status\"]\nmax_body = \"0\"\ntimeout = \"5s\"\nto "
      "= \"web\"\n"
      "[upstream.web]\nendpoints = \"unix:/run/app.sock\"\n");
  BOOST_TEST(messages() == "");
  const Route& route = made.routes[0];
  BOOST_TEST(route.hosts[0].text() == "example.com");
  BOOST_TEST(route.hosts[1].text() == "*.example.com");
  BOOST_TEST(route.paths[0].segments[1].parameter);
  BOOST_TEST(route.paths[0].prefix);
  BOOST_TEST(route.headers[0].name == "x-env");
  BOOST_TEST((route.headers[1].test == Condition::Test::present));
  BOOST_TEST((route.headers[2].test == Condition::Test::absent));
  BOOST_TEST(route.query[0].values.size() == 2u);
  BOOST_TEST(route.clients.size() == 1u);
  BOOST_TEST(route.filters[0].keys == nullptr);
  BOOST_TEST(route.filters[1].keys->find("k")->integer() == 1);
  BOOST_TEST(!route.websocket);
  BOOST_TEST(route.encoded_slash);
  BOOST_TEST(route.trailers[0] == "grpc-status");
  BOOST_TEST(route.max_body.value() == 0u);
  BOOST_TEST((route.timeout == Duration{5s}));
  BOOST_TEST(made.upstreams[route.upstream].endpoints[0].address.is_unix());
  BOOST_TEST(made.listeners[0].filters[0].name == "a");
}

BOOST_AUTO_TEST_CASE(several_endpoints_take_round_robin) {
  const Model& made =
      read(shortest +
           "[upstream.two]\nendpoints = [\"a:1\", { address = \"b:2\", weight = 3 }]\n"
           "[upstream.own]\nendpoints = [\"a:1\", \"b:2\"]\n"
           "balancer = { least_request = { choices = 2 } }\nhost = \"endpoint\"\n"
           "[upstream.named]\nendpoints = \"a:1\"\nhost = \"example.com:8080\"\n");
  BOOST_TEST(messages() == "");
  BOOST_TEST(made.upstreams[0].balancer->name == "round_robin");
  BOOST_TEST(made.upstreams[0].endpoints[1].weight == 3u);
  BOOST_TEST(made.upstreams[1].balancer->keys->find("choices") != nullptr);
  BOOST_TEST((made.upstreams[1].host == Upstream::Host::endpoint));
  BOOST_TEST(made.upstreams[2].fixed_host == "example.com:8080");
}

BOOST_AUTO_TEST_CASE(routes_with_one_url_share_an_upstream) {
  const Model& made = read(shortest +
                           "[[route]]\npath = \"/a\"\nto = \"http://127.0.0.1:9001/\"\n"
                           "[[route]]\npath = \"/b\"\nto = \"http://example.com\"\n");
  BOOST_TEST(messages() == "");
  BOOST_TEST(made.upstreams.size() == 2u);
  BOOST_TEST(made.routes[1].upstream == 0u);
  BOOST_TEST(made.upstreams[1].endpoints[0].address.port == 80);
}

BOOST_AUTO_TEST_CASE(instances_have_a_component_and_kernel_keys) {
  const Model& made = read(
      shortest +
      "[filter.pages]\nuse = \"cache\"\non_fault = \"closed\"\nwait_timeout = \"2s\"\nsize = 1\n"
      "[observe.access_log]\nformat = \"json\"\n");
  BOOST_TEST(messages() == "");
  BOOST_TEST(made.filters[0].component == "cache");
  BOOST_TEST((made.filters[0].keys.on_fault == OnFault::closed));
  BOOST_TEST((made.filters[0].keys.wait_timeout == 2s));
  BOOST_TEST(made.observers[0].component == "access_log");
  BOOST_TEST((made.observers[0].keys.wait_timeout == 30s));
}

BOOST_AUTO_TEST_CASE(modules_are_listed_and_pinned) {
  const Model& made = read("modules = [\"cache\", \"acme\"]\n" + shortest +
                           "[module.acme]\npath = \"/x/acme.so\"\n" + "sha256 = \"" +
                           std::string(64, 'A') + "\"\n");
  BOOST_TEST(messages() == "");
  BOOST_TEST(made.modules[1].path == "/x/acme.so");
  BOOST_TEST(made.modules[1].sha256 == std::string(64, 'a'));
}

BOOST_AUTO_TEST_CASE(an_unlisted_module_names_the_line_to_edit) {
  const Use use{"cache", nullptr, {}};
  report_unlisted(read("# head\nmodules = []\n" + shortest), "filter", use, "cache", report);
  BOOST_TEST(report.findings()[0].message == "filter 'cache' needs the module 'cache'");
  BOOST_TEST(report.findings()[0].at.remark == "add \"cache\" to modules at weir.toml:2");
  const Model& without = read(shortest);
  report_unlisted(without, "filter", {"cache", nullptr, without.routes[0].place}, "cache", report);
  BOOST_TEST(report.findings()[1].at.remark == "put modules = [\"cache\"] on top of weir.toml");
}

BOOST_AUTO_TEST_CASE(tests_are_split_into_their_parts) {
  const Model& made =
      read(shortest +
           "[[test]]\nrequest = \"GET http://example.com:81/a?b\"\nheaders = { X-A = \"1\" }\n"
           "from = \"203.0.113.9\"\nexpect = { status = 200, filters = [] }\n"
           "[[test]]\nrequest = \"GET https://example.com\"\nexpect = { upstream = "
           "\"http://127.0.0.1:9001\", route = \"weir.toml:3\" }\n");
  BOOST_TEST(messages() == "");
  const Test& test = made.tests[0];
  BOOST_TEST(test.authority == "example.com:81");
  BOOST_TEST(test.target == "/a?b");
  BOOST_TEST(test.headers[0].first == "X-A");
  BOOST_TEST(test.from->family == 4);
  BOOST_TEST(test.expect.status.value() == 200u);
  BOOST_TEST(test.expect.filters->empty());
  BOOST_TEST(!test.expect.route.has_value());
  BOOST_TEST(made.tests[1].target == "/");
  BOOST_TEST(made.tests[1].scheme == "https");
}

BOOST_AUTO_TEST_CASE(the_kernels_own_schemas_have_no_flaws) {
  for (const KernelTable& table : kernel_tables()) {
    for (const std::string& flaw : flaws(*table.schema, true))
      BOOST_ERROR(table.title << ": " << flaw);
  }
}

BOOST_AUTO_TEST_CASE(ten_thousand_routes_are_read_in_well_under_a_second) {
  std::string text = "[[listener]]\naddress = \":8080\"\n";
  for (int i = 0; i < 10000; ++i) {
    const std::string n = std::to_string(i);
    text += "[[route]]\nhost = \"h" + n + ".example.com\"\npath = \"/api/v" + n +
            "/*\"\nto = \"up" + n + "\"\n[upstream.up" + n + "]\nendpoints = [\"10.0.0.1:8080\"]\n";
  }
  const auto begin = std::chrono::steady_clock::now();
  const Model& made = read(std::move(text));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  BOOST_TEST_MESSAGE("10,000 routes and upstreams: " << took.count() << " s");
  BOOST_TEST(made.routes.size() == 10000u);
  BOOST_TEST(made.upstreams.size() == 10000u);
  BOOST_TEST(took.count() < 10);  // 0.1 s in a release build; the bound is for sanitizers
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(scanning)

BOOST_AUTO_TEST_CASE(statements_are_found_in_any_text) {
  const std::string text =
      "a.\"b.c\" = [1, # ]\n 2]\n[ x . y ] # c\n[[z]]\nno value\nk = \"\"\"\n[not a "
      "header]\n\"\"\"\n";
  const auto all = scan(text);
  BOOST_TEST_REQUIRE(all.size() == 5u);
  BOOST_TEST(all[0].path == (std::vector<std::string>{"a", "b.c"}),
             boost::test_tools::per_element());
  BOOST_TEST(text.substr(all[0].value_begin, all[0].value_end - all[0].value_begin) ==
             "[1, # ]\n 2]");
  BOOST_TEST((all[1].kind == Statement::Kind::header));
  BOOST_TEST(all[1].path.size() == 2u);
  BOOST_TEST((all[2].kind == Statement::Kind::array_header));
  BOOST_TEST(all[3].value_end == 0u);
  BOOST_TEST(all[4].path[0] == "k");
}

BOOST_AUTO_TEST_CASE(names_and_texts_are_quoted_where_they_must_be) {
  BOOST_TEST(quoted_name("a-b_1") == "a-b_1");
  BOOST_TEST(quoted_name("a b") == "\"a b\"");
  BOOST_TEST(quoted_name("") == "\"\"");
  BOOST_TEST(quoted_text("a\"\\\n") == "\"a\\\"\\\\\\u000A\"");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
