// SPDX-License-Identifier: Apache-2.0
#include "event/signals.hpp"

#include <thread>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <unistd.h>

using weir::Loop;
using weir::Signals;

BOOST_AUTO_TEST_SUITE(signals)

BOOST_AUTO_TEST_CASE(signals_become_events_of_the_loop) {
  Loop loop;
  std::vector<int> caught;
  const Signals signals(loop, {SIGTERM, SIGHUP, SIGUSR1}, [&](int number) {
    caught.push_back(number);
    if (number == SIGTERM) loop.stop();
  });
  ::kill(::getpid(), SIGHUP);
  loop.turn(std::chrono::seconds(1));
  std::jthread other([] { ::kill(::getpid(), SIGTERM); });  // a thread that has it blocked as well
  loop.run();
  BOOST_TEST(caught == (std::vector{SIGHUP, SIGTERM}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_former_mask_comes_back_and_broken_pipes_do_not_kill) {
  sigset_t before;
  sigset_t after;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &before);
  {
    Loop loop;
    const Signals signals(loop, {SIGUSR1}, [](int) {});
    ::pthread_sigmask(SIG_BLOCK, nullptr, &after);
    BOOST_TEST(sigismember(&after, SIGUSR1) == 1);
  }
  ::pthread_sigmask(SIG_BLOCK, nullptr, &after);
  BOOST_TEST(sigismember(&before, SIGUSR1) == sigismember(&after, SIGUSR1));
  ::raise(SIGPIPE);
}

BOOST_AUTO_TEST_SUITE_END()
