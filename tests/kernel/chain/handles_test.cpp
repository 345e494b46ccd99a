// SPDX-License-Identifier: Apache-2.0
#include "chain/handles.hpp"

#include <weir/module.h>

#include <cstdint>

#include <boost/test/unit_test.hpp>

using namespace weir;

namespace {

int object = 0;

}  // namespace

BOOST_AUTO_TEST_SUITE(handles)

BOOST_AUTO_TEST_CASE(a_ref_finds_what_it_names_until_that_ended) {
  Handles all(7);
  const weir_ref ref = all.add(HandleKind::timer, &object);
  BOOST_TEST(Handles::loop_of(ref) == 7U);
  BOOST_TEST(all.find(ref, HandleKind::timer) == &object);
  BOOST_TEST(all.find(ref, HandleKind::exchange) == nullptr);
  all.remove(ref);
  BOOST_TEST(all.find(ref, HandleKind::timer) == nullptr);
  const weir_ref next = all.add(HandleKind::timer, &object);
  BOOST_TEST(next != ref);
  BOOST_TEST(all.find(ref, HandleKind::timer) == nullptr);
}

BOOST_AUTO_TEST_CASE(too_many_are_refused_and_nothing_ends) {
  Handles all(0);
  weir_ref last = 0;
  for (uint32_t i = 0; i < Handles::most; ++i) last = all.add(HandleKind::timer, &object);
  BOOST_TEST(last != 0U);
  BOOST_TEST(all.add(HandleKind::timer, &object) == 0U);
  BOOST_TEST(all.add(HandleKind::exchange, &object) == 0U);
  BOOST_TEST(all.find(0, HandleKind::timer) == nullptr);
  all.remove(0);
  all.remove(last);
  BOOST_TEST(all.add(HandleKind::timer, &object) != 0U);
  BOOST_TEST(all.add(HandleKind::timer, &object) == 0U);
}

BOOST_AUTO_TEST_CASE(waits_of_one_place_differ_and_name_the_same) {
  Handles all(3);
  const weir_ref first = Handles::with_place(all.add(HandleKind::exchange, &object), 9);
  weir_ref ref = first;
  for (int i = 1; i < 16; ++i) {
    ref = Handles::next_wait(ref);
    BOOST_TEST(ref != first);
    BOOST_TEST(Handles::same(ref, first));
    BOOST_TEST(Handles::place_of(ref) == 9U);
    BOOST_TEST(all.find(ref, HandleKind::exchange) == &object);
  }
  BOOST_TEST(Handles::next_wait(ref) == first);
  BOOST_TEST(!Handles::same(Handles::with_place(first, 8), first));
}

BOOST_AUTO_TEST_SUITE_END()
