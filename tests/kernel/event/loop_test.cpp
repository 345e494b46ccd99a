// SPDX-License-Identifier: Apache-2.0
#include "event/loop.hpp"

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <sys/socket.h>
#include <unistd.h>

using namespace std::chrono_literals;
using weir::Clock;
using weir::Loop;

namespace {

struct Pair {
  Pair() { ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()); }
  ~Pair() {
    close(0);
    close(1);
  }
  void close(size_t end) {
    if (ends[end] >= 0) ::close(ends[end]);
    ends[end] = -1;
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  void send() { BOOST_TEST(::write(ends[1], "x", 1) == 1); }
  std::array<int, 2> ends{};
};

struct Seen final : weir::Watcher {
  explicit Seen(std::function<void(uint32_t)> reaction = {}) : action(std::move(reaction)) {}
  void ready(uint32_t events) noexcept override {
    ++count;
    last = events;
    if (action) action(events);
  }
  std::function<void(uint32_t)> action;
  int count = 0;
  uint32_t last = 0;
};

struct Later final : weir::Deferred {
  explicit Later(std::function<void()> work) : action(std::move(work)) {}
  void deferred() noexcept override { action(); }
  std::function<void()> action;
};

struct Second final : weir::Ticker {
  explicit Second(std::function<void()> work) : action(std::move(work)) {}
  void tick() noexcept override { action(); }
  std::function<void()> action;
};

struct Alarm final : weir::Timer {
  explicit Alarm(std::function<void()> work) : action(std::move(work)) {}
  void expired() noexcept override { action(); }
  std::function<void()> action;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(loop)

BOOST_AUTO_TEST_CASE(tells_readiness_once_per_edge) {
  Loop loop;
  Pair pair;
  Seen seen;
  BOOST_TEST(loop.watch(pair.ends[0], seen));
  loop.turn(0ms);
  BOOST_TEST(seen.count == 1);
  BOOST_TEST((seen.last & EPOLLOUT) != 0u);
  loop.turn(0ms);
  BOOST_TEST(seen.count == 1);
  pair.send();
  loop.turn(1s);
  BOOST_TEST(seen.count == 2);
  BOOST_TEST((seen.last & EPOLLIN) != 0u);
  ::shutdown(pair.ends[1], SHUT_WR);
  loop.turn(1s);
  BOOST_TEST((seen.last & EPOLLRDHUP) != 0u);
  loop.forget(seen);
  pair.close(0);
  pair.close(1);
  loop.turn(0ms);
  BOOST_TEST(seen.count == 3);
}

BOOST_AUTO_TEST_CASE(refuses_a_descriptor_that_cannot_be_watched) {
  Loop loop;
  Seen seen;
  BOOST_TEST(!loop.watch(-1, seen));
}

BOOST_AUTO_TEST_CASE(drops_events_of_the_same_batch_for_the_forgotten) {
  Loop loop;
  Pair first;
  Pair second;
  auto left = std::make_unique<Seen>();
  auto right = std::make_unique<Seen>();
  int calls = 0;
  // Whichever comes first ends the other, whose event lies in the same batch.
  const auto ends = [&](std::unique_ptr<Seen>& other, Pair& pair) {
    return [&](uint32_t) {
      ++calls;
      if (!other) return;
      loop.forget(*other);
      pair.close(0);
      other.reset();
    };
  };
  left->action = ends(right, second);
  right->action = ends(left, first);
  loop.watch(first.ends[0], *left);
  loop.watch(second.ends[0], *right);
  loop.turn(1s);
  BOOST_TEST(calls == 1);
  BOOST_TEST((!left || !right));
}

BOOST_AUTO_TEST_CASE(a_watcher_may_destroy_itself) {
  Loop loop;
  Pair pair;
  auto seen = std::make_unique<Seen>();
  seen->action = [&](uint32_t) {
    loop.forget(*seen);
    pair.close(0);
    auto gone = std::move(seen);
  };
  loop.watch(pair.ends[0], *seen);
  loop.turn(1s);
  BOOST_TEST(!seen);
}

BOOST_AUTO_TEST_CASE(deferred_work_runs_once_at_the_end_of_the_turn) {
  Loop loop;
  Pair pair;
  std::vector<std::string> order;
  Later later([&] { order.emplace_back("deferred"); });
  Seen seen([&](uint32_t) {
    loop.defer(later);
    loop.defer(later);
    order.emplace_back("ready");
  });
  loop.watch(pair.ends[0], seen);
  loop.turn(0ms);
  loop.turn(0ms);
  BOOST_TEST(order == (std::vector<std::string>{"ready", "deferred"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(deferred_work_can_be_cancelled_by_its_end) {
  Loop loop;
  int ran = 0;
  auto second = std::make_unique<Later>([&] { ++ran; });
  Later first([&] { second.reset(); });
  loop.defer(first);
  loop.defer(*second);
  loop.turn(0ms);
  BOOST_TEST(ran == 0);
}

BOOST_AUTO_TEST_CASE(work_that_defers_itself_for_ever_does_not_starve_the_loop) {
  Loop loop;
  Pair pair;
  Seen seen;
  loop.watch(pair.ends[0], seen);
  int rounds = 0;
  Later* again = nullptr;
  Later later([&] {
    ++rounds;
    loop.defer(*again);
  });
  again = &later;
  loop.defer(later);
  loop.turn(Clock::duration::max());  // does not sleep: there is work
  const int one_turn = rounds;
  BOOST_TEST(one_turn > 1);
  BOOST_TEST(one_turn < 100);
  loop.turn(Clock::duration::max());
  BOOST_TEST(rounds == 2 * one_turn);
  BOOST_TEST(seen.count == 1);
}

BOOST_AUTO_TEST_CASE(timers_fire_while_the_loop_sleeps) {
  Loop loop;
  const auto begin = Clock::now();
  Alarm alarm([&] { loop.stop(); });
  loop.arm(alarm, 30ms);
  loop.run();
  BOOST_TEST((Clock::now() - begin >= 30ms));
  BOOST_TEST(loop.use().turns.load() < 5u);
  BOOST_TEST((std::chrono::nanoseconds(loop.use().busy.load()) < 25ms));
}

BOOST_AUTO_TEST_CASE(what_arrived_in_time_is_handled_before_its_deadline_fires) {
  Loop loop;
  Pair pair;
  bool timed_out = false;
  Alarm alarm([&] { timed_out = true; });
  Seen seen([&](uint32_t) { alarm.cancel(); });
  loop.arm(alarm, 1ms);
  loop.watch(pair.ends[0], seen);
  std::this_thread::sleep_for(30ms);
  loop.turn(0ms);
  BOOST_TEST(!timed_out);
}

BOOST_AUTO_TEST_CASE(posts_of_many_threads_run_once_each_and_in_order_of_each) {
  Loop loop;
  constexpr int threads = 4;
  constexpr int posts = 5000;
  std::array<int, threads> next{};
  int wrong = 0;
  int done = 0;
  {
    std::vector<std::jthread> posters;
    for (size_t thread = 0; thread < threads; ++thread) {
      posters.emplace_back([&, thread] {
        for (int i = 0; i < posts; ++i) {
          loop.post([&, thread, i] {
            if (next[thread]++ != i) ++wrong;
            if (++done == threads * posts) loop.stop();
          });
          if (i % 64 == 0) std::this_thread::yield();
        }
      });
    }
    loop.run();
  }
  BOOST_TEST(wrong == 0);
  BOOST_TEST(done == threads * posts);
}

BOOST_AUTO_TEST_CASE(a_post_wakes_a_sleeping_loop_each_time) {
  Loop loop;
  std::atomic<int> seen = 0;
  std::jthread poster([&] {
    for (int i = 0; i < 300; ++i) {
      loop.post([&] { ++seen; });
      while (seen.load() <= i) std::this_thread::yield();
    }
    loop.stop();
  });
  loop.run();
  BOOST_TEST(seen.load() == 300);
}

BOOST_AUTO_TEST_CASE(a_task_embedded_in_its_owner_needs_no_memory) {
  struct Owned final : weir::Task {
    void run() noexcept override { ++count; }
    int count = 0;
  } task;
  Loop loop;
  loop.post(task);
  loop.turn(Clock::duration::max());
  BOOST_TEST(task.count == 1);
  loop.post(task);
  loop.turn(Clock::duration::max());
  BOOST_TEST(task.count == 2);
}

BOOST_AUTO_TEST_CASE(what_was_posted_runs_at_the_latest_when_the_loop_ends) {
  int ran = 0;
  {
    Loop loop;
    loop.post([&] { loop.post([&] { ++ran; }); });
  }
  BOOST_TEST(ran == 1);
}

BOOST_AUTO_TEST_CASE(stop_before_run_ends_it_at_once) {
  Loop loop;
  loop.stop();
  loop.run();
  std::jthread stopper([&] { loop.stop(); });
  loop.run();
}

BOOST_AUTO_TEST_CASE(tickers_tick_each_second_until_they_end) {
  Loop loop;
  int ticks = 0;
  auto brief = std::make_unique<Second>([] {});
  brief->action = [&] { auto gone = std::move(brief); };
  Second lasting([&] {
    ++ticks;
    loop.stop();
  });
  const auto begin = Clock::now();
  loop.tick_each_second(*brief);
  loop.tick_each_second(lasting);
  loop.run();
  BOOST_TEST(ticks == 1);
  BOOST_TEST(!brief);
  BOOST_TEST((Clock::now() - begin >= 1s));
  lasting.cancel();
  loop.turn(1100ms);
  BOOST_TEST(ticks == 1);
  BOOST_TEST((loop.timers().next() == Clock::time_point::max()));
}

BOOST_AUTO_TEST_CASE(scratch_has_room_for_a_common_body_and_its_head) {
  Loop loop(3);
  BOOST_TEST(loop.scratch().size() > 65536u);
  BOOST_TEST(loop.index() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
