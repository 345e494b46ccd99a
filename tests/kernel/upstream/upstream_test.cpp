// SPDX-License-Identifier: Apache-2.0
#include "upstream/upstream.hpp"

#include "base/arena.hpp"
#include "base/body.hpp"
#include "event/loop.hpp"
#include "http/head.hpp"
#include "http/names.hpp"

#include <array>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <boost/test/unit_test.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace weir;

namespace {

// A plain listening socket: an endpoint that a test plays by hand.
class Server {
 public:
  Server() : listening_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const at = reinterpret_cast<sockaddr*>(&name);
    socklen_t size = sizeof name;
    BOOST_REQUIRE_EQUAL(::bind(listening_, at, size), 0);
    BOOST_REQUIRE_EQUAL(::listen(listening_, 8), 0);
    BOOST_REQUIRE_EQUAL(::getsockname(listening_, at, &size), 0);
    address_ = Address(at, size);
  }
  ~Server() {
    ::close(accepted_);
    ::close(listening_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Endpoint endpoint() const { return {address_, address_.to_string(), 1}; }
  void answer(std::string_view bytes) {
    accepted_ = ::accept(listening_, nullptr, nullptr);
    BOOST_REQUIRE(::send(accepted_, bytes.data(), bytes.size(), 0) > 0);
  }

 private:
  int listening_;
  int accepted_ = -1;
  Address address_;
};

// An exchange that ends its attempt before it looks at the last bytes.
struct Exchange final : ClientEvents {
  Exchange(LoopUpstream& to, BodyPool& pool) : upstream(to), got(pool) {}
  void interim(ResponseHead& /*head*/) override {}
  void response(ResponseHead& /*head*/) override {}
  void response_body(Body& in, bool last) override {
    if (last) upstream.finish(attempt, WEIR_SUCCEEDED);
    got.move(in, in.length());
    over = over || last;
  }
  void response_trailers(const Fields& /*trailers*/) override {}
  void request_drained() override {}
  void upstream_failed(const Failure& /*failure*/) override { over = true; }
  bool takes_response_body() const override { return true; }
  void settle() override { got.settle(); }

  LoopUpstream& upstream;
  Attempt attempt;
  Body got;
  bool over = false;
};

struct World {
  World() { shared.set_endpoints({old_server.endpoint()}); }

  static UpstreamOptions options() {
    UpstreamOptions made;
    const auto time = std::chrono::seconds(10);
    made.timeouts = {time, time, time, time, time, time};
    return made;
  }
  void ask(Exchange& exchange) {
    BOOST_REQUIRE(upstream.choose(exchange.attempt, nullptr));
    ClientExchange wanted;
    wanted.events = &exchange;
    wanted.arena = &arena;
    wanted.names = &names;
    ClientStream* const stream = upstream.open(exchange.attempt, wanted);
    BOOST_REQUIRE(stream != nullptr);
    RequestHead head;
    head.method = "GET";
    head.path = "/";
    head.fields = Fields(arena);
    head.fields.add(WEIR_H_HOST, "Host", "test");
    stream->send_request(head);
    Body none(pool);
    stream->send_body(none, true);
  }
  void await(const Exchange& exchange) {
    for (int turns = 0; turns < 200 && !exchange.over; ++turns) {
      loop.turn(std::chrono::milliseconds(50));
    }
    BOOST_REQUIRE(exchange.over);
  }

  std::array<std::byte, 8192> room{};
  Arena arena{room, 1 << 20};
  Names names;
  Server old_server, new_server;
  Loop loop;
  BodyPool pool;
  Upstream shared{options(), Balancer{}};
  LoopUpstream upstream{shared, loop, pool};
};

std::string text_of(const Body& body) {
  std::array<weir_str, 8> spans{};
  std::string text;
  const size_t count = body.spans(spans);
  for (size_t i = 0; i < count; ++i) text.append(spans[i].p, spans[i].n);
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(upstream)

BOOST_FIXTURE_TEST_CASE(the_last_bytes_arrive_though_the_endpoints_were_replaced, World) {
  Exchange first(upstream, pool);
  Exchange second(upstream, pool);
  ask(first);
  shared.set_endpoints({new_server.endpoint()});
  ask(second);  // the loop learns of the new set, on which nothing of the old one is chosen
  old_server.answer("HTTP/1.1 200 Fine\r\nContent-Length: 5\r\n\r\nhello");
  await(first);
  BOOST_TEST(text_of(first.got) == "hello");
  new_server.answer("HTTP/1.1 200 Fine\r\nContent-Length: 3\r\n\r\nnew");
  await(second);
  BOOST_TEST(text_of(second.got) == "new");
}

BOOST_FIXTURE_TEST_CASE(a_set_that_nobody_uses_any_more_is_given_back, World) {
  const std::weak_ptr<const EndpointSet> old = shared.current();
  Exchange first(upstream, pool);
  Exchange second(upstream, pool);
  ask(first);
  shared.set_endpoints({new_server.endpoint()});
  ask(second);
  old_server.answer("HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n");
  await(first);
  loop.turn(std::chrono::milliseconds(0));
  shared.sweep();
  BOOST_TEST(old.expired());
  new_server.answer("HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n");
  await(second);
  BOOST_TEST(upstream.idle_connections() == 1U);
}

// What counts as tried is the endpoint and not its number in the list.
BOOST_FIXTURE_TEST_CASE(a_good_endpoint_is_not_skipped_for_the_place_of_a_failed_one, World) {
  Attempt attempt;
  BOOST_REQUIRE(upstream.choose(attempt, nullptr));
  upstream.finish(attempt, WEIR_CONNECT_FAILED);
  BOOST_TEST(!upstream.more_to_try(attempt));
  shared.set_endpoints({new_server.endpoint()});
  BOOST_TEST(upstream.more_to_try(attempt));
  BOOST_REQUIRE(upstream.choose(attempt, nullptr));
  BOOST_TEST(upstream.endpoint(attempt).text == new_server.endpoint().text);
  upstream.finish(attempt, WEIR_CONNECT_FAILED);
}

BOOST_FIXTURE_TEST_CASE(a_failed_endpoint_is_not_tried_again_at_another_place, World) {
  Attempt attempt;
  BOOST_REQUIRE(upstream.choose(attempt, nullptr));
  upstream.finish(attempt, WEIR_CONNECT_FAILED);
  shared.set_endpoints({new_server.endpoint(), old_server.endpoint()});
  BOOST_REQUIRE(upstream.choose(attempt, nullptr));
  BOOST_TEST(upstream.endpoint(attempt).text == new_server.endpoint().text);
  upstream.finish(attempt, WEIR_CONNECT_FAILED);
  BOOST_TEST(!upstream.more_to_try(attempt));
  BOOST_TEST(!upstream.choose(attempt, nullptr));
  BOOST_TEST(attempt.count() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
