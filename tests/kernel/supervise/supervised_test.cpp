// SPDX-License-Identifier: Apache-2.0
//
// A worker's side, with this test as its supervisor.
#include "supervise/supervised.hpp"

#include "event/loop.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"
#include "supervise/channel.hpp"
#include "supervise/superior.hpp"

#include <string>
#include <thread>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <unistd.h>

using weir::Channel;
using weir::Descriptor;
using weir::Message;
using weir::Outcome;
using Kind = weir::Message::Kind;

namespace {

struct Obedient final : weir::Orders {
  std::vector<std::string> got;
  void prepare(uint64_t order) override { got.push_back("prepare " + std::to_string(order)); }
  void commit(uint64_t order) override { got.push_back("commit " + std::to_string(order)); }
  void discard() override { got.push_back("discard"); }
  void answer(uint64_t order, const std::string& question) override {
    got.push_back("answer " + std::to_string(order) + " " + question);
  }
  void drain(bool for_good) override { got.push_back(for_good ? "drain for good" : "drain"); }
  void reopen_logs() override { got.push_back("reopen"); }
};

struct World {
  Channel::Ends ends = std::move(*Channel::pair());
  Channel& supervisor = ends.here;
  Obedient orders;
  weir::Supervised worker{std::move(ends.there)};
  weir::Loop loop;

  World() { worker.serve_under(loop, orders); }

  // Lets the worker hear what was sent.
  void turn() { loop.turn(std::chrono::milliseconds(100)); }

  Message heard() {
    auto got = supervisor.receive();
    BOOST_REQUIRE(got.has_value());
    return std::move(*got);
  }
};

Message await(Channel& channel) {
  while (true) {
    channel.await();
    if (auto got = channel.receive()) return std::move(*got);
    BOOST_REQUIRE(!channel.ended());
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(supervised)

BOOST_AUTO_TEST_CASE(orders_arrive) {
  World world;
  world.supervisor.send({.kind = Kind::prepare, .order = 3});
  world.supervisor.send({.kind = Kind::discard});
  world.supervisor.send({.kind = Kind::commit, .order = 5});
  world.supervisor.send({.kind = Kind::answer, .order = 4, .text = "status"});
  world.supervisor.send({.kind = Kind::reopen_logs});
  world.supervisor.send({.kind = Kind::drain, .good = false});
  world.turn();
  const std::vector<std::string> expected{"prepare 3",       "discard", "commit 5",
                                          "answer 4 status", "reopen",  "drain"};
  BOOST_TEST(world.orders.got == expected, boost::test_tools::per_element());
  world.worker.done(4, {true, "all well"});
  const Message done = world.heard();
  BOOST_TEST((done.kind == Kind::done && done.good && done.order == 4));
  BOOST_TEST(done.text == "all well");
}

BOOST_AUTO_TEST_CASE(a_socket_is_asked_for_and_comes_under_its_own_name) {
  World world;
  const auto address = *weir::Address::parse(":0");
  std::jthread answers([&] {
    BOOST_TEST((await(world.supervisor).text == ":0"));
    auto opened = weir::Listener::open(address);
    world.supervisor.send({Kind::reply, true, 0, "", Descriptor(::dup(opened->fd()))});
  });
  const auto listener = world.worker.listen(address);
  BOOST_REQUIRE(listener.has_value());
  BOOST_TEST(listener->address().to_string() == ":" + std::to_string(listener->address().port()));
}

BOOST_AUTO_TEST_CASE(a_socket_that_cannot_be_had_is_told) {
  World world;
  std::jthread answers([&] {
    await(world.supervisor);
    world.supervisor.send({Kind::reply, false, 0, "cannot listen on :1: taken"});
  });
  BOOST_TEST(world.worker.listen(*weir::Address::parse(":1")).error().text ==
             "cannot listen on :1: taken");
}

BOOST_AUTO_TEST_CASE(an_order_that_comes_before_a_reply_is_carried_out_behind_it) {
  World world;
  world.supervisor.send({.kind = Kind::prepare, .order = 9});
  world.supervisor.send({.kind = Kind::reply});
  world.worker.ready();
  BOOST_TEST(world.orders.got.empty());
  world.turn();
  BOOST_TEST(world.orders.got == std::vector<std::string>{"prepare 9"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(who_asked_is_told_of_every_outcome) {
  World world;
  std::vector<Outcome> told;
  world.worker.reload_all([&](const auto& outcomes) { told = outcomes; });
  const Message asked = world.heard();
  BOOST_TEST((asked.kind == Kind::reload_all));
  world.supervisor.send({Kind::outcome, true, asked.order, "one"});
  world.supervisor.send({Kind::outcome, false, asked.order, "two"});
  world.turn();
  BOOST_TEST(told.empty());
  world.supervisor.send({.kind = Kind::told, .order = asked.order});
  world.turn();
  BOOST_REQUIRE(told.size() == 2);
  BOOST_TEST((told[0].good && told[0].text == "one" && !told[1].good && told[1].text == "two"));
}

BOOST_AUTO_TEST_CASE(without_a_supervisor_it_drains_once_and_who_asked_is_told) {
  World world;
  std::vector<Outcome> told;
  world.worker.upgrade([&](const auto& outcomes) { told = outcomes; });
  world.supervisor = Channel(Descriptor());
  world.turn();
  BOOST_TEST(world.orders.got == std::vector<std::string>{"drain"},
             boost::test_tools::per_element());
  BOOST_REQUIRE(told.size() == 1);
  BOOST_TEST(!told[0].good);
  BOOST_TEST(!world.worker.listen(*weir::Address::parse(":0")).has_value());
  world.worker.beat();
  world.worker.release(*weir::Address::parse(":0"));
  world.turn();
  BOOST_TEST(world.orders.got.size() == 1);
}

BOOST_AUTO_TEST_CASE(a_beat_comes_from_any_thread) {
  World world;
  std::jthread([&] { world.worker.beat(); }).join();
  BOOST_TEST((world.heard().kind == Kind::beat));
}

BOOST_AUTO_TEST_SUITE_END()
