// SPDX-License-Identifier: Apache-2.0
#include "event/tasks.hpp"

#include "event/loop.hpp"

#include <atomic>
#include <latch>
#include <thread>

#include <boost/test/unit_test.hpp>

using weir::Loop;
using weir::Tasks;

BOOST_AUTO_TEST_SUITE(tasks)

BOOST_AUTO_TEST_CASE(work_runs_elsewhere_and_its_end_on_the_loop) {
  Loop loop;
  Tasks pool(2, 100);
  const auto here = std::this_thread::get_id();
  std::thread::id worked;
  std::thread::id ended;
  BOOST_TEST(pool.submit([&] { worked = std::this_thread::get_id(); }, loop,
                         [&] {
                           ended = std::this_thread::get_id();
                           loop.stop();
                         }));
  loop.run();
  BOOST_TEST((worked != here));
  BOOST_TEST((ended == here));
}

BOOST_AUTO_TEST_CASE(a_full_queue_refuses) {
  std::latch busy(1);
  std::latch go(1);
  std::atomic<int> ran = 0;
  Tasks pool(1, 2);
  BOOST_TEST(pool.submit([&] {
    busy.count_down();
    go.wait();
  }));
  busy.wait();
  BOOST_TEST(pool.submit([&] { ++ran; }));
  BOOST_TEST(pool.submit([&] { ++ran; }));
  BOOST_TEST(pool.waiting() == 2u);
  BOOST_TEST(!pool.submit([&] { ++ran; }));
  go.count_down();
}

BOOST_AUTO_TEST_CASE(the_end_of_the_pool_works_the_queue_off) {
  std::atomic<int> ran = 0;
  int done = 0;
  {
    Loop loop;
    {
      Tasks pool(3, 1000);
      for (int i = 0; i < 500; ++i) pool.submit([&] { ++ran; }, loop, [&] { ++done; });
    }
    BOOST_TEST(ran.load() == 500);
  }
  BOOST_TEST(done == 500);
}

BOOST_AUTO_TEST_SUITE_END()
