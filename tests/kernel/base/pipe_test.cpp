// SPDX-License-Identifier: Apache-2.0
#include "base/pipe.hpp"

#include "base/body.hpp"
#include "base/keeper.hpp"

#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <sys/resource.h>
#include <unistd.h>

namespace weir::test {
namespace {

void fill(Pipe& pipe, Body& body, std::string_view text) {
  BOOST_REQUIRE_EQUAL(::write(pipe.in, text.data(), text.size()), ssize_t(text.size()));
  pipe.held += text.size();
  body.put_piped(pipe, text.size());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pipe)

BOOST_AUTO_TEST_CASE(an_empty_one_serves_again_and_one_with_bytes_left_does_not) {
  BodyPool pool;
  Pipe* const first = pool.pipes().take();
  BOOST_REQUIRE(first != nullptr);
  unref(first);
  Pipe* const again = pool.pipes().take();
  BOOST_TEST(again == first);
  const int descriptor = again->in;
  {
    Body body(pool);
    fill(*again, body, "left behind");
    unref(again);
    BOOST_TEST(body.front_piped().size == 11u);  // the queue keeps it
  }
  BOOST_TEST(::write(descriptor, "x", 1) == -1);  // closed with what was in it
}

BOOST_AUTO_TEST_CASE(its_slices_pass_from_queue_to_queue_and_are_no_memory) {
  BodyPool pool;
  Pipe* const pipe = pool.pipes().take();
  BOOST_REQUIRE(pipe != nullptr);
  Body in(pool);
  Body out(pool);
  out.put("head");
  fill(*pipe, in, "0123456789");
  unref(pipe);
  out.move(in, 4);
  BOOST_TEST(in.front_piped().size == 6u);
  out.move(in, 6);
  BOOST_TEST(out.length() == 14u);
  BOOST_TEST(out.only_piece().empty());
  weir_str spans[4];
  BOOST_TEST(out.spans(spans) == 1u);
  out.drop(4);
  BOOST_TEST(out.front_piped().pipe == pipe);
  BOOST_TEST(out.front_file().size == 0u);
}

BOOST_AUTO_TEST_CASE(pipes_leave_the_descriptors_that_connections_need) {
  rlimit former{};
  ::getrlimit(RLIMIT_NOFILE, &former);
  rlimit low = former;
  low.rlim_cur = 256;
  ::setrlimit(RLIMIT_NOFILE, &low);
  BodyPool pool;
  std::vector<Pipe*> pipes;
  while (Pipe* const pipe = pool.pipes().take()) pipes.push_back(pipe);
  BOOST_TEST(pipes.size() > 0u);
  BOOST_TEST(pipes.size() <= 16u);
  const int next = ::dup(0);
  BOOST_TEST(next >= 0);
  ::close(next);
  for (Pipe* const pipe : pipes) unref(pipe);
  ::setrlimit(RLIMIT_NOFILE, &former);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
