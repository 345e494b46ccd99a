// SPDX-License-Identifier: Apache-2.0
#include "serve/overload.hpp"

#include <array>
#include <vector>

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using weir::Lag;
using weir::Overload;
using weir::Pressure;
using weir::Relief;
using weir::Step;

namespace {

// Shares in thousandths.
struct Row {
  uint64_t accounted, resident, descriptors, tasks;
  Step step;
};

Pressure pressure_of(const Row& row) {
  return {.accounted = row.accounted,
          .resident = row.resident,
          .budget = 1000,
          .descriptors = row.descriptors,
          .descriptor_limit = 1000,
          .tasks = row.tasks,
          .task_limit = 1000};
}

// Each row follows the one before it.
void walk(const std::vector<Row>& rows) {
  Overload overload;
  for (size_t i = 0; i < rows.size(); ++i) {
    BOOST_TEST_CONTEXT("row " << i) {
      const Step step = overload.update(pressure_of(rows[i]));
      BOOST_TEST(weir::step_name(step) == weir::step_name(rows[i].step));
      BOOST_TEST((overload.step() == step));
    }
  }
}

BOOST_AUTO_TEST_SUITE(overload)

BOOST_AUTO_TEST_CASE(memory_climbs_every_step_and_comes_down_five_percent_later) {
  walk({{0, 0, 0, 0, Step::normal},       {0, 699, 0, 0, Step::normal},
        {0, 700, 0, 0, Step::caches},     {0, 799, 0, 0, Step::caches},
        {0, 800, 0, 0, Step::keep_alive}, {0, 879, 0, 0, Step::keep_alive},
        {0, 880, 0, 0, Step::shed},       {0, 930, 0, 0, Step::pause},
        {0, 970, 0, 0, Step::reset},      {0, 2000, 0, 0, Step::reset},
        {0, 921, 0, 0, Step::reset},      {0, 919, 0, 0, Step::pause},
        {0, 881, 0, 0, Step::pause},      {0, 879, 0, 0, Step::shed},
        {0, 831, 0, 0, Step::shed},       {0, 829, 0, 0, Step::keep_alive},
        {0, 751, 0, 0, Step::keep_alive}, {0, 749, 0, 0, Step::caches},
        {0, 651, 0, 0, Step::caches},     {0, 649, 0, 0, Step::normal},
        {0, 699, 0, 0, Step::normal}});
}

BOOST_AUTO_TEST_CASE(it_may_jump_both_ways) {
  walk({{0, 990, 0, 0, Step::reset}, {0, 100, 0, 0, Step::normal}, {0, 890, 0, 0, Step::shed}});
}

BOOST_AUTO_TEST_CASE(of_accounted_and_resident_the_larger_counts) {
  walk(
      {{900, 100, 0, 0, Step::shed}, {100, 900, 0, 0, Step::shed}, {100, 100, 0, 0, Step::normal}});
}

BOOST_AUTO_TEST_CASE(descriptors_shed_nobody_and_tasks_keep_nobody_out) {
  walk({{0, 0, 1000, 0, Step::keep_alive},
        {0, 0, 0, 1000, Step::shed},
        {0, 0, 800, 0, Step::keep_alive},
        {0, 0, 0, 700, Step::caches},
        {0, 0, 0, 0, Step::normal}});
}

BOOST_AUTO_TEST_CASE(one_figure_does_not_hold_another_in_a_step_it_never_reached) {
  walk({{0, 860, 0, 0, Step::keep_alive},
        {0, 860, 0, 900, Step::shed},
        {0, 860, 0, 0, Step::keep_alive}});
}

BOOST_AUTO_TEST_CASE(without_limits_there_is_no_overload) {
  Overload overload;
  const Step step = overload.update({.accounted = 1, .resident = 1, .descriptors = 1, .tasks = 1});
  BOOST_TEST((step == Step::normal));
}

BOOST_AUTO_TEST_CASE(each_step_counts_how_often_it_was_reached_from_below) {
  Overload overload;
  for (const uint64_t resident : {990, 890, 990, 100, 710, 100, 710}) {
    overload.update(pressure_of({0, resident, 0, 0, Step::normal}));
  }
  const std::array<uint64_t, weir::steps> expected{0, 3, 1, 1, 1, 2};
  BOOST_TEST(overload.entered() == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_line_says_all_figures) {
  const Pressure pressure{.accounted = 3 << 20,
                          .resident = 71 << 20,
                          .budget = 100 << 20,
                          .descriptors = 12,
                          .descriptor_limit = 1024,
                          .tasks = 41,
                          .task_limit = 4096};
  BOOST_TEST(pressure.text() ==
             "memory 71 % (resident 71 MiB, accounted 3 MiB of 100 MiB), descriptors 1 % (12 of "
             "1024), tasks 1 %");
}

BOOST_AUTO_TEST_CASE(a_loop_is_late_after_a_second_and_in_time_after_another) {
  Lag lag;
  for (int i = 0; i < 9; ++i) BOOST_TEST(!lag.update(51ms));
  BOOST_TEST(lag.update(51ms));
  for (int i = 0; i < 30; ++i) BOOST_TEST(lag.update(48ms));
  for (int i = 0; i < 9; ++i) BOOST_TEST(lag.update(47ms));
  BOOST_TEST(!lag.update(47ms));
  BOOST_TEST(lag.times() == 1u);
}

BOOST_AUTO_TEST_CASE(one_quick_sample_begins_the_second_anew) {
  Lag lag;
  for (int i = 0; i < 9; ++i) lag.update(60ms);
  lag.update(50ms);
  for (int i = 0; i < 9; ++i) BOOST_TEST(!lag.update(60ms));
  BOOST_TEST(lag.update(60ms));
}

BOOST_AUTO_TEST_CASE(a_late_loop_serves_one_request_in_ten_and_a_full_process_none) {
  const weir::HeldBytes held;
  Relief relief(held);
  BOOST_TEST(!relief.turns_some_away());
  relief.set(Step::normal, true);
  BOOST_TEST(relief.turns_some_away());
  int served = 0;
  for (int i = 0; i < 100; ++i) served += relief.turns_away() ? 0 : 1;
  BOOST_TEST(served == 10);
  BOOST_TEST(relief.turned_away() == 90u);
  relief.set(Step::shed, true);
  for (int i = 0; i < 20; ++i) BOOST_TEST(relief.turns_away());
  relief.set(Step::keep_alive, false);
  BOOST_TEST(!relief.turns_some_away());
}

BOOST_AUTO_TEST_CASE(a_loop_that_holds_all_it_may_reads_no_more_and_says_so) {
  weir::HeldBytes held;
  held.add(100);
  Relief relief(held);
  BOOST_TEST(!relief.full());
  relief.allow(50);
  held.add(49);
  BOOST_TEST(!relief.full());
  BOOST_TEST(!relief.take_stopped());
  held.add(1);
  BOOST_TEST(relief.full());
  BOOST_TEST(relief.turns_away());
  BOOST_TEST(relief.take_stopped());
  held.remove(1);
  BOOST_TEST(!relief.turns_some_away());
  BOOST_TEST(!relief.take_stopped());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
