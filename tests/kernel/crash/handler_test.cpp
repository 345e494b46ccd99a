// SPDX-License-Identifier: Apache-2.0
#include "crash/handler.hpp"

#include "crash/child.hpp"
#include "crash/mark.hpp"
#include "crash/quarantine.hpp"
#include "crash/thread.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

#include <boost/test/unit_test.hpp>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too
#include <unistd.h>

namespace {

using weir::Called;
using weir::CrashRecord;
using weir::Marked;
using weir::ReportedThread;
using weir::RequestWords;
using weir::test::Ended;
using weir::test::in_child;
using weir::test::sanitized;

struct Request {
  std::string_view path = "/x\n\"y\"";
};

void read_request(const void* exchange, RequestWords& words) {
  std::string_view path;
  if (!weir::read_safely(&path, &static_cast<const Request*>(exchange)->path, sizeof path)) return;
  std::strcpy(words.id.data(), "the-id");
  std::strcpy(words.method.data(), "GET");
  weir::read_safely(words.path.data(), path.data(), std::min(path.size(), words.path.size() - 1));
}

[[noreturn]] void crash_in(const Called& called) {
  ReportedThread thread("loop", 1);
  const Marked marked(called);
  std::abort();
}

const weir::Callee& wobbly() { return weir::callee("wobbly", "1.0", "weir.http-filter/1", "w1"); }

// Where nothing is mapped.
const void* nowhere() { return reinterpret_cast<const void*>(uintptr_t{0x1000}); }

size_t eat_stack(volatile char* above, size_t depth) {
  volatile char frame[4096];
  frame[0] = above == nullptr ? '\0' : above[0];
  if (depth == SIZE_MAX) return 0;
  return eat_stack(frame, depth + 1) + static_cast<size_t>(frame[0]);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(crash)

BOOST_AUTO_TEST_CASE(it_names_module_phase_and_request_and_ends_by_the_signal) {
  const Request request;
  const Ended ended = in_child([&] {
    weir::install_crash_handler(read_request);
    crash_in({&wobbly(), "response_body", &request});
  });
  BOOST_TEST(ended.by(SIGABRT));
  BOOST_TEST(
      ended.says("error  crash: module \"wobbly\" 1.0, filter \"w1\", phase response_body, "
                 "request the-id GET /x\\x0a\"y\": SIGABRT\n"));
  BOOST_TEST(ended.says("crash: thread loop 1, process "));
  BOOST_TEST(ended.says("crash:   #0 libc.so.6+0x"));
}

BOOST_AUTO_TEST_CASE(an_exchange_that_cannot_be_read_costs_its_words_only) {
  const Ended ended = in_child([&] {
    weir::install_crash_handler(read_request);
    crash_in({&wobbly(), "end", nowhere()});
  });
  BOOST_TEST(ended.by(SIGABRT));
  BOOST_TEST(ended.says("phase end, request 0: SIGABRT\n"));
}

BOOST_AUTO_TEST_CASE(a_fault_while_the_request_is_read_does_not_lose_the_report) {
  const Ended ended = in_child([&] {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) ::_exit(1);
    weir::set_crash_record_fd(ends[1]);
    weir::install_crash_handler([](const void*, RequestWords&) { ::raise(SIGSEGV); });
    crash_in({&wobbly(), "end", nowhere()});
  });
  BOOST_TEST(ended.by(SIGABRT));
  BOOST_TEST(ended.says("module \"wobbly\" 1.0, filter \"w1\", phase end: SIGABRT\n"));
}

BOOST_AUTO_TEST_CASE(a_mark_that_was_overwritten_is_not_believed) {
  const Ended ended = in_child([&] {
    weir::install_crash_handler(read_request);
    crash_in({static_cast<const weir::Callee*>(nowhere()), static_cast<const char*>(nowhere()),
              nowhere()});
  });
  BOOST_TEST(ended.by(SIGABRT));
  BOOST_TEST(ended.says("crash: module \"\" ,  \"\", phase , request 0: SIGABRT\n"));
}

BOOST_AUTO_TEST_CASE(a_stack_that_is_used_up_is_told_on_another,
                     *boost::unit_test::enable_if<!sanitized>()) {
  const Ended ended = in_child([&] {
    weir::install_crash_handler(nullptr);
    std::thread([] {
      ReportedThread thread("loop", 1);
      const Marked marked({&wobbly(), "request"});
      eat_stack(nullptr, 0);
    }).join();
  });
  BOOST_TEST(ended.by(SIGSEGV));
  BOOST_TEST(ended.says("module \"wobbly\" 1.0, filter \"w1\", phase request: SIGSEGV at 0x"));
}

BOOST_AUTO_TEST_CASE(a_thread_that_began_with_all_signals_blocked_is_reported) {
  const Ended ended = in_child([&] {
    weir::install_crash_handler(nullptr);
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    std::thread([] {
      ReportedThread thread("pool");
      ::raise(SIGFPE);
    }).join();
  });
  BOOST_TEST(ended.by(SIGFPE));
  BOOST_TEST(ended.says("crash: weir itself: SIGFPE\n"));
  BOOST_TEST(ended.says("crash: thread pool, "));
}

BOOST_AUTO_TEST_CASE(what_starts_the_next_process_gets_a_record) {
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::pipe(ends.data()) == 0);
  in_child([&] {
    weir::install_crash_handler(nullptr);
    weir::set_crash_record_fd(ends[1]);
    crash_in({&weir::callee(std::string(100, 'm'), "1.0", "filter", "w1"), "request"});
  });
  CrashRecord record;
  BOOST_REQUIRE(::read(ends[0], &record, sizeof record) == static_cast<ssize_t>(sizeof record));
  ::close(ends[0]);
  ::close(ends[1]);
  BOOST_TEST(record.mark == CrashRecord::known_mark);
  BOOST_TEST(record.signal == SIGABRT);
  BOOST_TEST(std::string(record.module.data()) == std::string(63, 'm'));
  BOOST_TEST(std::string(record.instance.data()) == "w1");
  BOOST_TEST(std::string(record.phase.data()) == "request");
  BOOST_TEST(weir::Quarantine(1).add(record));
}

BOOST_AUTO_TEST_CASE(a_thread_that_is_asked_shows_its_stack_and_goes_on) {
  const Ended ended = in_child([&] {
    weir::install_crash_handler(nullptr);
    ReportedThread thread("loop", 4);
    const Marked marked({&wobbly(), "request"});
    weir::ask_for_stack(thread.id());
  });
  BOOST_TEST(ended.status == 0);
  BOOST_TEST(
      ended.says("stuck: thread loop 4 in module \"wobbly\" 1.0, filter \"w1\", "
                 "phase request; the stack:\n"));
  BOOST_TEST(ended.says("stuck:   #0 "));
}

BOOST_AUTO_TEST_CASE(memory_that_is_not_there_is_not_read) {
  int value = 7;
  int copy = 0;
  BOOST_TEST(weir::read_safely(&copy, &value, sizeof copy));
  BOOST_TEST(copy == 7);
  BOOST_TEST(!weir::read_safely(&copy, nowhere(), sizeof copy));
}

BOOST_AUTO_TEST_SUITE_END()
