// SPDX-License-Identifier: Apache-2.0
#include "net/acceptor.hpp"

#include "net_world.hpp"

#include <memory>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;
using weir::Accepted;
using weir::Acceptor;
using weir::Address;
using weir::Clock;
using weir::Listener;
using weir::Loop;
using weir::Socket;

namespace {

Listener local_listener() { return std::move(*Listener::open(*Address::parse("127.0.0.1:0"))); }

// Runs in a child, whose few descriptors are its own business. 0 when all holds.
int survives_exhaustion() {
  auto listener = local_listener();
  Loop loop;
  std::vector<Accepted> taken;
  Acceptor acceptor(loop, listener,
                    [&](Accepted accepted) { taken.push_back(std::move(accepted)); });
  std::vector<Socket> clients;
  for (int i = 0; i < 6; ++i) clients.push_back(std::move(*Socket::connect(listener.address())));
  const auto limit = static_cast<rlim_t>(clients.back().fd()) + 4;  // room for three of the six
  const rlimit few{limit, limit};
  if (::setrlimit(RLIMIT_NOFILE, &few) != 0 || !acceptor.start()) return 1;
  loop.turn(1s);
  if (taken.size() != 3 || acceptor.exhausted() != 1) return 2;
  // The fourth was closed rather than left hanging.
  char byte = 0;
  wait_for(clients[3].fd(), POLLIN);
  if (clients[3].receive({&byte, 1}).status != weir::IoResult::eof) return 3;
  // It pauses: the rest waits in the queue and costs nothing.
  const auto turns = loop.use().turns.load();
  loop.turn(50ms);
  if (taken.size() != 3 || loop.use().turns.load() != turns + 1) return 4;
  taken.clear();
  for (int i = 0; i < 4; ++i) clients[static_cast<size_t>(i)].close();
  const auto end = Clock::now() + 2s;
  while (taken.size() < 2 && Clock::now() < end) loop.turn(200ms);
  return taken.size() == 2 && acceptor.accepted() == 5 && acceptor.exhausted() == 1 ? 0 : 5;
}

// The same at 95 %, where enough are left to open other things.
int leaves_some() {
  const rlimit few{100, 100};
  if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return 1;
  auto listener = local_listener();
  Loop loop;
  std::vector<Accepted> taken;
  int pauses = 0;
  Acceptor acceptor(
      loop, listener, [&](Accepted accepted) { taken.push_back(std::move(accepted)); },
      [&] { ++pauses; });
  std::vector<Socket> clients;
  for (int i = 0; i < 45; ++i) clients.push_back(std::move(*Socket::connect(listener.address())));
  const size_t room = 94 - static_cast<size_t>(clients.back().fd());
  if (room >= clients.size() || !acceptor.start()) return 2;
  loop.turn(1s);
  if (taken.size() != room || taken.back().socket.fd() != 94 || pauses != 1) return 3;
  // It looks again and again, takes nothing, and does not spin.
  const auto turns = loop.use().turns.load();
  const auto soon = Clock::now() + 350ms;
  while (Clock::now() < soon) loop.turn(50ms);
  if (taken.size() != room || loop.use().turns.load() > turns + 15) return 4;
  const int other = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (other < 0) return 5;
  ::close(other);
  taken.clear();
  const auto end = Clock::now() + 2s;
  while (taken.size() + room < clients.size() && Clock::now() < end) loop.turn(200ms);
  return taken.size() + room == clients.size() && pauses == 1 ? 0 : 6;
}

int in_child(int (*test)()) {
  const auto child = ::fork();
  if (child == 0) ::_exit(test());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(acceptor)

BOOST_AUTO_TEST_CASE(hands_over_every_connection) {
  auto listener = local_listener();
  Loop loop;
  std::vector<Accepted> taken;
  Acceptor acceptor(loop, listener,
                    [&](Accepted accepted) { taken.push_back(std::move(accepted)); });
  std::vector<Socket> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(std::move(*Socket::connect(listener.address())));
  BOOST_TEST(acceptor.start());
  while (taken.size() < clients.size()) loop.turn(1s);
  BOOST_TEST(acceptor.accepted() == 200u);
  BOOST_TEST((taken[0].peer == clients[0].local()));
}

BOOST_AUTO_TEST_CASE(stopped_it_takes_nothing_until_started_again) {
  auto listener = local_listener();
  Loop loop;
  int taken = 0;
  Acceptor acceptor(loop, listener, [&](const Accepted&) { ++taken; });
  acceptor.start();
  acceptor.stop();
  const auto client = Socket::connect(listener.address());
  loop.turn(20ms);
  BOOST_TEST(taken == 0);
  acceptor.start();
  loop.turn(1s);
  BOOST_TEST(taken == 1);
}

BOOST_AUTO_TEST_CASE(what_it_calls_may_stop_or_destroy_it) {
  auto listener = local_listener();
  Loop loop;
  int taken = 0;
  std::unique_ptr<Acceptor> acceptor;
  const auto on_taken = [&](const Accepted&) {
    if (++taken == 1) acceptor->stop();
    if (taken == 2) acceptor.reset();
  };
  acceptor = std::make_unique<Acceptor>(loop, listener, on_taken);
  const auto first = Socket::connect(listener.address());
  const auto second = Socket::connect(listener.address());
  const auto third = Socket::connect(listener.address());
  acceptor->start();
  loop.turn(1s);
  BOOST_TEST(taken == 1);
  acceptor->start();
  loop.turn(1s);
  BOOST_TEST(taken == 2);
  loop.turn(0ms);
  BOOST_TEST(taken == 2);
}

BOOST_AUTO_TEST_CASE(out_of_descriptors_it_drops_one_pauses_and_goes_on) {
  BOOST_TEST(in_child(survives_exhaustion) == 0);
}

BOOST_AUTO_TEST_CASE(it_went_on_to_the_last_descriptor) { BOOST_TEST(in_child(leaves_some) == 0); }

BOOST_AUTO_TEST_SUITE_END()
