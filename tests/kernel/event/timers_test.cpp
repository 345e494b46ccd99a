// SPDX-License-Identifier: Apache-2.0
#include "event/timers.hpp"

#include <functional>
#include <memory>
#include <random>
#include <vector>

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using weir::Clock;
using weir::Timer;
using weir::Timers;

namespace {

struct Alarm final : Timer {
  explicit Alarm(std::function<void()> action = {}) : action_(std::move(action)) {}
  void expired() noexcept override {
    ++count;
    if (action_) action_();
  }
  int count = 0;

 private:
  std::function<void()> action_;
};

const Clock::time_point start{1000h};

}  // namespace

BOOST_AUTO_TEST_SUITE(timers)

BOOST_AUTO_TEST_CASE(never_fires_early_and_at_most_one_slot_late) {
  for (auto delay = 0ms; delay < 9000ms; delay += 13ms) {
    Timers timers(start);
    Alarm alarm;
    timers.arm(alarm, start + delay);
    auto now = start;
    for (; alarm.count == 0; now += 1ms) {
      timers.advance(now);
      BOOST_REQUIRE(now <= start + delay + Timers::slot);
      BOOST_REQUIRE(alarm.count == 0 || now >= start + delay);
    }
    BOOST_TEST(!alarm.armed());
  }
}

BOOST_AUTO_TEST_CASE(a_cancelled_timer_stays_silent) {
  Timers timers(start);
  Alarm alarm;
  timers.arm(alarm, start + 20ms);
  BOOST_TEST(alarm.armed());
  alarm.cancel();
  alarm.cancel();
  BOOST_TEST(!alarm.armed());
  timers.advance(start + 1s);
  BOOST_TEST(alarm.count == 0);
}

BOOST_AUTO_TEST_CASE(a_destroyed_timer_is_cancelled) {
  Timers timers(start);
  Alarm other;
  timers.arm(other, start + 20ms);
  {
    Alarm alarm;
    timers.arm(alarm, start + 20ms);
  }
  timers.advance(start + 1s);
  BOOST_TEST(other.count == 1);
}

BOOST_AUTO_TEST_CASE(a_timer_outlives_the_wheel) {
  Alarm alarm;
  {
    Timers timers(start);
    timers.arm(alarm, start + 20ms);
  }
  BOOST_TEST(!alarm.armed());
}

BOOST_AUTO_TEST_CASE(an_armed_timer_moves_to_the_new_deadline) {
  Timers timers(start);
  Alarm alarm;
  timers.arm(alarm, start + 20ms);
  timers.arm(alarm, start + 500ms);
  timers.advance(start + 400ms);
  BOOST_TEST(alarm.count == 0);
  timers.arm(alarm, start + 410ms);
  timers.advance(start + 420ms);
  BOOST_TEST(alarm.count == 1);
}

BOOST_AUTO_TEST_CASE(fires_in_slot_order) {
  Timers timers(start);
  std::vector<int> order;
  Alarm third([&] { order.push_back(3); });
  Alarm first([&] { order.push_back(1); });
  Alarm second([&] { order.push_back(2); });
  timers.arm(third, start + 90ms);
  timers.arm(first, start + 10ms);
  timers.arm(second, start + 50ms);
  timers.advance(start + 10s);
  BOOST_TEST(order == (std::vector{1, 2, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_timer_may_arm_again_cancel_others_and_destroy_itself) {
  Timers timers(start);
  Alarm victim;
  int fired = 0;
  Alarm* again_at = nullptr;
  Alarm again([&] {
    victim.cancel();
    if (++fired < 3) timers.arm(*again_at, start);
  });
  again_at = &again;
  auto suicide = std::make_unique<Alarm>();
  Alarm killer([&] { suicide.reset(); });
  timers.arm(again, start + 8ms);
  timers.arm(killer, start + 8ms);
  timers.arm(victim, start + 8ms);
  timers.arm(*suicide, start + 8ms);
  timers.advance(start + 8ms);
  BOOST_TEST(fired == 1);
  BOOST_TEST(victim.count == 0);
  BOOST_TEST(!suicide);
  timers.advance(start + 16ms);
  timers.advance(start + 24ms);
  timers.advance(start + 32ms);
  BOOST_TEST(fired == 3);
}

BOOST_AUTO_TEST_CASE(next_is_the_earliest_deadline_in_slots) {
  Timers timers(start);
  BOOST_TEST((timers.next() == Clock::time_point::max()));
  Alarm far;
  Alarm near;
  timers.arm(far, start + 60s);
  BOOST_TEST((timers.next() == start + 60s));
  timers.arm(near, start + 30ms);
  BOOST_TEST((timers.next() == start + 32ms));
  timers.advance(start + 40ms);
  BOOST_TEST(near.count == 1);
  BOOST_TEST((timers.next() == start + 60s));
  far.cancel();
  timers.advance(timers.next());
  BOOST_TEST((timers.next() == Clock::time_point::max()));
}

BOOST_AUTO_TEST_CASE(a_long_sleep_fires_everything_that_came_due) {
  Timers timers(start);
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (int i = 0; i < 3000; ++i) {
    alarms.push_back(std::make_unique<Alarm>());
    timers.arm(*alarms.back(), start + i * 7ms);
  }
  timers.advance(start + 3000 * 7ms);
  for (const auto& alarm : alarms) BOOST_REQUIRE(alarm->count == 1);
  BOOST_TEST((timers.next() == Clock::time_point::max()));
}

// A plain list of deadlines says what must happen; the wheel, driven by its own `next`, must agree.
BOOST_AUTO_TEST_CASE(agrees_with_a_plain_list_under_random_use) {
  std::mt19937 random(7);
  Timers timers(start);
  struct Guard {
    Alarm alarm;
    Clock::time_point deadline = Clock::time_point::max();
    int expected = 0;
  };
  std::vector<Guard> guards(60);
  auto now = start;
  for (int step = 0; step < 20000; ++step) {
    auto& guard = guards[random() % guards.size()];
    if (random() % 4 == 0) {
      guard.alarm.cancel();
      guard.deadline = Clock::time_point::max();
    } else {
      guard.deadline = now + std::chrono::microseconds(random() % 12'000'000);
      timers.arm(guard.alarm, guard.deadline);
    }
    auto next = now + std::chrono::microseconds(random() % (step % 97 == 0 ? 9'000'000 : 20'000));
    if (random() % 3 == 0) next = std::max(now, std::min(next, timers.next()));
    now = next;
    timers.advance(now);
    for (auto& each : guards) {
      if (each.deadline <= now - Timers::slot) {
        BOOST_REQUIRE(!each.alarm.armed());
        BOOST_REQUIRE(each.alarm.count == each.expected + 1);
      }
      if (each.alarm.count != each.expected) {
        BOOST_REQUIRE(each.deadline <= now);
        each.expected = each.alarm.count;
        each.deadline = Clock::time_point::max();
      }
      if (each.alarm.armed()) BOOST_REQUIRE(timers.next() <= each.deadline + Timers::slot);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
