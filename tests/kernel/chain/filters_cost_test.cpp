// SPDX-License-Identifier: Apache-2.0
//
// What filters that do nothing add to an exchange. The figure is printed, not judged: a clock
// decides no test.
#include "chain/chain.hpp"
#include "chain/exchange.hpp"
#include "http/h1_reader.hpp"

#include <algorithm>
#include <chrono>
#include <memory>

#include <boost/test/unit_test.hpp>

namespace weir {
namespace {

uint32_t go_on(const weir_call*) { return WEIR_NEXT; }
constexpr weir_http_filter passing{
    sizeof(weir_http_filter), 0, go_on, nullptr, go_on, nullptr, nullptr, nullptr};
constexpr weir_component filter{sizeof(weir_component),
                                0,
                                "weir.http-filter/1",
                                "pass",
                                "",
                                nullptr,
                                nullptr,
                                nullptr,
                                nullptr,
                                nullptr,
                                nullptr,
                                nullptr,
                                nullptr,
                                nullptr,
                                nullptr,
                                nullptr,
                                nullptr};

uint32_t respond(const weir_call* call) {
  exchange_of(call->tx).answer(204, {}, {});
  return WEIR_ANSWERED;
}
constexpr weir_handler answering{sizeof(weir_handler), 0, respond, nullptr, nullptr, nullptr};

// A client that takes everything.
class Taker final : public ServerStream {
 public:
  void send_interim(const ResponseHead&) override {}
  void send_response(const ResponseHead& head) override { status = head.status; }
  void send_body(Body& from, bool) override { from.drop(from.length()); }
  void set_trailers(const Fields&) override {}
  void flush() override {}
  void pull() override {}
  void become_tunnel() override {}
  uint64_t backlog() const override { return 0; }
  void let_go() override {}
  void abort() override {}
  uint32_t status = 0;
};

struct Ground {
  Loop loop;
  BodyPool bodies;
  Handles handles{0};
  Tasks tasks{1, 1};
  Names names;
  HttpDate date;
  weir::Relief relief{bodies.held()};
  SiteOnLoop site{loop, bodies, handles, tasks, names, date, relief};
  InstanceOnLoop instance;
  ListenerOnLoop listener;

  explicit Ground(size_t filters) {
    instance.component = &filter;
    instance.name = "pass";
    listener.chain.filters.assign(filters, {&passing, &instance, nullptr});
    listener.chain.handler = {&answering, &instance, nullptr};
    listener.pseudonym = "test";
  }

  uint32_t serve() {
    Taker client;
    Exchange exchange({&site, &listener, &client, {}, 0});
    const std::string_view head = "GET / HTTP/1.1\r\nHost: test\r\nAccept: */*\r\n\r\n";
    const auto refusal = read_request(head, {}, exchange.arena(), names, exchange.request());
    BOOST_REQUIRE(!refusal);
    exchange.begin();
    exchange.response_sent();
    return client.status;
  }

  double nanoseconds(int times) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < times; ++i) serve();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    return took.count() / times;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(filters_cost)

BOOST_AUTO_TEST_CASE(twelve_filters_pass_a_request_through) {
  auto none = std::make_unique<Ground>(0);
  auto twelve = std::make_unique<Ground>(12);
  BOOST_TEST(none->serve() == 204U);
  BOOST_TEST(twelve->serve() == 204U);
  constexpr int times = 20'000;
  double least = 1e9;
  double most = 1e9;
  for (int round = 0; round < 5; ++round) {
    least = std::min(least, none->nanoseconds(times));
    most = std::min(most, twelve->nanoseconds(times));
  }
  BOOST_TEST_MESSAGE("twelve filters add " << (most - least) / 2 << " ns a phase to " << least
                                           << " ns");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir
