// SPDX-License-Identifier: Apache-2.0
#include "crash/mark.hpp"

#include <new>
#include <stdexcept>
#include <string>

#include <boost/test/unit_test.hpp>

namespace {

using weir::call_module;
using weir::mark;

int phase_seen(std::string* seen) {
  *seen = mark.phase.load();
  return 1;
}

int nested(std::string* seen) {
  std::string inner;
  call_module({&weir::callee("other", "2", "filter", "o"), "release"}, 0, phase_seen, &inner);
  *seen = inner + " " + mark.phase.load() + " of " + mark.callee.load()->module;
  return 1;
}

int throws_exception(int) { throw std::runtime_error("no"); }
int throws_number(int number) { throw number; }
void throws_for_nothing() { throw std::bad_alloc(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(marks)

BOOST_AUTO_TEST_CASE(it_lasts_as_long_as_the_call) {
  std::string seen;
  BOOST_TEST(call_module({nullptr, "request"}, 0, phase_seen, &seen) == 1);
  BOOST_TEST(seen == "request");
  BOOST_TEST(mark.phase.load() == nullptr);
}

BOOST_AUTO_TEST_CASE(a_call_within_a_call_gives_the_mark_back) {
  std::string seen;
  call_module({&weir::callee("one", "1", "filter", "f"), "run"}, 0, nested, &seen);
  BOOST_TEST(seen == "release run of one");
  BOOST_TEST(mark.callee.load() == nullptr);
}

BOOST_AUTO_TEST_CASE(what_is_thrown_comes_no_further) {
  const weir::Called called{&weir::callee("one", "1", "filter", "f"), "request"};
  BOOST_TEST(call_module(called, -1, throws_exception, 0) == -1);
  BOOST_TEST(call_module(called, -1, throws_number, 5) == -1);
  BOOST_TEST(!call_module(called, throws_for_nothing));
  BOOST_TEST(mark.callee.load() == nullptr);
}

BOOST_AUTO_TEST_CASE(the_same_words_are_one_callee) {
  const auto& one = weir::callee("m", "1", "weir.http-filter/1", "a");
  BOOST_TEST(&one == &weir::callee("m", "1", "filter", "a"));
  BOOST_TEST(&one != &weir::callee("m", "2", "filter", "a"));
  BOOST_TEST(std::string(one.kind) == "filter");
  BOOST_TEST(std::string(weir::callee("m", "1", "weir.balancer/1", "a").kind) == "balancer");
}

BOOST_AUTO_TEST_SUITE_END()
