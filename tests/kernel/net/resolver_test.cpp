// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.hpp"

#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using weir::Answer;
using weir::Lookup;
using weir::Loop;
using weir::Resolver;
using weir::Tasks;

BOOST_AUTO_TEST_SUITE(resolver)

BOOST_AUTO_TEST_CASE(a_name_becomes_addresses_with_the_port) {
  Loop loop;
  Tasks tasks(1, 10);
  Resolver resolver(loop, tasks);
  Answer seen;
  const Lookup lookup(resolver, "localhost", 8080, [&](const Answer& answer) {
    seen = answer;
    loop.stop();
  });
  loop.run();
  BOOST_TEST(seen.reason.empty());
  BOOST_REQUIRE(!seen.addresses.empty());
  for (const auto& address : seen.addresses) BOOST_TEST(address.port() == 8080);
  for (size_t i = 1; i < seen.addresses.size(); ++i) {
    BOOST_TEST(!(seen.addresses[i] == seen.addresses[0]));
  }
}

BOOST_AUTO_TEST_CASE(a_name_that_does_not_resolve_has_a_reason_and_no_addresses) {
  Loop loop;
  Tasks tasks(1, 10);
  Resolver resolver(loop, tasks);
  Answer seen;
  const Lookup lookup(resolver, "no such name", 80, [&](const Answer& answer) {
    seen = answer;
    loop.stop();
  });
  loop.run();
  BOOST_TEST(seen.addresses.empty());
  BOOST_TEST(seen.reason.starts_with("no such name: "));
}

BOOST_AUTO_TEST_CASE(an_address_is_told_at_once_and_never_asked) {
  Loop loop;
  Tasks tasks(1, 10);
  Resolver resolver(loop, tasks);
  std::string seen;
  const Lookup ipv4(resolver, "10.0.0.1", 80, [&](const Answer& answer) {
    seen += answer.addresses.at(0).to_string() + " ";
  });
  const Lookup ipv6(resolver, "::1", 80, [&](const Answer& answer) {
    seen += answer.addresses.at(0).to_string();
    loop.stop();
  });
  loop.run();
  BOOST_TEST(seen == "10.0.0.1:80 [::1]:80");
  BOOST_TEST((loop.timers().next() == weir::Clock::time_point::max()));
}

BOOST_AUTO_TEST_CASE(asks_again_at_its_interval_and_tells_only_news) {
  Loop loop;
  Tasks tasks(1, 10);
  Resolver resolver(loop, tasks);
  int told = 0;
  const Lookup lookup(
      resolver, "localhost", 80, [&](const Answer&) { ++told; }, 20ms);
  const auto end = weir::Clock::now() + 300ms;
  while (weir::Clock::now() < end) loop.turn(50ms);
  BOOST_TEST(told == 1);
  BOOST_TEST(loop.use().turns.load() > 8u);
}

BOOST_AUTO_TEST_CASE(a_lookup_may_end_at_any_time) {
  Loop loop;
  Tasks tasks(2, 10);
  auto resolver = std::make_unique<Resolver>(loop, tasks);
  int told = 0;
  auto asked = std::make_unique<Lookup>(*resolver, "localhost", 80, [&](const Answer&) { ++told; });
  auto fresh = std::make_unique<Lookup>(*resolver, "localhost", 80, [&](const Answer&) { ++told; });
  std::unique_ptr<Lookup> inside;
  inside = std::make_unique<Lookup>(*resolver, "127.0.0.1", 80, [&](const Answer&) {
    ++told;
    inside.reset();
  });
  fresh.reset();
  loop.turn(20ms);
  asked.reset();
  BOOST_TEST(!inside);
  const int before = told;
  resolver.reset();
  loop.turn(200ms);
  BOOST_TEST(told == before);
}

BOOST_AUTO_TEST_CASE(a_full_pool_only_delays_the_question) {
  Loop loop;
  Tasks tasks(1, 1);
  Resolver resolver(loop, tasks);
  std::vector<std::unique_ptr<Lookup>> lookups;
  for (int i = 0; i < 20; ++i) {
    lookups.push_back(std::make_unique<Lookup>(resolver, "localhost", 80, [](const Answer&) {}));
  }
  loop.turn(50ms);
  BOOST_TEST((loop.timers().next() != weir::Clock::time_point::max()));
}

BOOST_AUTO_TEST_SUITE_END()
