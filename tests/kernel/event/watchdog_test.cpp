// SPDX-License-Identifier: Apache-2.0
#include "event/watchdog.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/log_channels.hpp"
#include "crash/child.hpp"
#include "crash/handler.hpp"
#include "crash/mark.hpp"
#include "crash/thread.hpp"
#include "event/loop.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <Poco/AutoPtr.h>
#include <Poco/Channel.h>
#include <Poco/Message.h>
#include <boost/test/unit_test.hpp>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too
#include <sys/wait.h>
#include <unistd.h>

namespace {

using std::chrono::milliseconds;
using weir::Clock;
using weir::LoopUse;
using weir::ReportedThread;
using weir::Watchdog;
using weir::test::Ended;
using weir::test::in_child;

// Keeps what is logged, and waits for it.
class Heard final : public Poco::Channel {
 public:
  void log(const Poco::Message& message) override {
    const std::lock_guard lock(mutex_);
    lines_.push_back(message.getText());
    changed_.notify_all();
  }
  std::string await(const std::string& part) {
    std::unique_lock lock(mutex_);
    std::string found;
    changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      for (const std::string& line : lines_) {
        if (line.find(part) != std::string::npos) found = line;
      }
      return !found.empty();
    });
    return found;
  }
  size_t count() {
    const std::lock_guard lock(mutex_);
    return lines_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

struct World {
  Poco::AutoPtr<Heard> heard{new Heard};
  LoopUse use;
  World() { weir::Log::instance().set_channel(heard); }
  ~World() { weir::Log::instance().set_channel(weir::stderr_channel()); }

  // A turn that began now.
  void begin_turn() { use.began = static_cast<uint64_t>(Clock::now().time_since_epoch().count()); }
};

Watchdog::Patience short_patience() {
  Watchdog::Patience patience;
  patience.look = milliseconds(2);
  patience.warn = milliseconds(20);
  patience.stack = std::chrono::hours(1);
  patience.abort = std::chrono::hours(1);
  patience.kill = std::chrono::hours(1);
  patience.beat = milliseconds(5);
  return patience;
}

// Turns until the count has grown by `more`; false: it does not.
bool grows(const std::atomic<int>& count, int more) {
  const int before = count;
  const auto end = Clock::now() + std::chrono::seconds(20);
  while (count < before + more && Clock::now() < end) std::this_thread::yield();
  return count >= before + more;
}

[[noreturn]] void be_stuck(const Watchdog::Patience& patience,
                           Watchdog::Harm harm = Watchdog::Harm::ends_process) {
  weir::install_crash_handler(nullptr);
  LoopUse use;
  use.began = 1;
  ReportedThread thread("loop", 3);
  Watchdog watchdog([] {}, patience);
  const Watchdog::Watched watched(watchdog, use, thread, harm);
  const weir::Marked marked({&weir::callee("slow", "1.0", "filter", "w1"), "request"});
  for (;;)
    std::this_thread::sleep_for(milliseconds(1));  // where the thread sanitizer lets signals in
}

}  // namespace

BOOST_AUTO_TEST_SUITE(watchdog)

BOOST_AUTO_TEST_CASE(a_long_turn_that_gets_on_is_not_stuck) {
  World world;
  ReportedThread thread("loop", 7);
  std::atomic<int> beats = 0;
  auto patience = short_patience();
  patience.warn = milliseconds(200);
  Watchdog watchdog([&] { ++beats; }, patience);
  world.begin_turn();
  const Watchdog::Watched watched(watchdog, world.use, thread, Watchdog::Harm::ends_process);
  const auto end = Clock::now() + milliseconds(1000);
  while (Clock::now() < end) ++world.use.steps;
  BOOST_TEST(world.heard->count() == 0U);
  BOOST_TEST(world.heard->await("stuck: loop 7").find("weir itself") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_turn_that_lasts_is_told_once_with_module_and_phase) {
  World world;
  ReportedThread thread("loop", 7);
  std::atomic<int> beats = 0;
  Watchdog watchdog([&] { ++beats; }, short_patience());
  const Watchdog::Watched watched(watchdog, world.use, thread, Watchdog::Harm::ends_process);
  const weir::Marked marked({&weir::callee("slow", "1.0", "weir.http-filter/1", "w1"), "request"});
  world.begin_turn();
  const std::string line = world.heard->await("stuck");
  BOOST_TEST(line.starts_with("stuck: loop 7 for "));
  BOOST_TEST(line.ends_with("ms in module \"slow\" 1.0, filter \"w1\", phase request"));
  BOOST_TEST(grows(beats, 10));
  BOOST_TEST(world.heard->count() == 1U);
}

BOOST_AUTO_TEST_CASE(a_loop_that_turns_or_sleeps_is_left_alone) {
  World world;
  ReportedThread thread("loop", 0);
  std::atomic<int> beats = 0;
  Watchdog watchdog([&] { ++beats; }, short_patience());
  const Watchdog::Watched watched(watchdog, world.use, thread, Watchdog::Harm::ends_process);
  BOOST_TEST(grows(beats, 10));  // it sleeps
  BOOST_TEST(world.heard->count() == 0U);
}

BOOST_AUTO_TEST_CASE(without_a_module_it_is_weir_itself) {
  World world;
  ReportedThread thread("control");
  Watchdog watchdog([] {}, short_patience());
  const Watchdog::Watched watched(watchdog, world.use, thread, Watchdog::Harm::ends_it_late);
  world.begin_turn();
  BOOST_TEST(world.heard->await("stuck").ends_with("in weir itself"));
}

BOOST_AUTO_TEST_CASE(a_data_loop_that_is_stuck_beyond_bearing_ends_the_beats) {
  World world;
  ReportedThread thread("loop", 0);
  std::atomic<int> beats = 0;
  Watchdog::Patience patience = short_patience();
  patience.warn = patience.stack = std::chrono::hours(1);
  std::atomic<int> control_beats = 0;
  LoopUse control_use;
  {
    patience.abort = milliseconds(10);
    Watchdog watchdog([&] { ++control_beats; }, patience);
    const Watchdog::Watched control(watchdog, control_use, thread, Watchdog::Harm::ends_it_late);
    control_use.began = 1;
    BOOST_TEST(grows(control_beats, 20));  // the control loop may take its time
  }
}

BOOST_AUTO_TEST_CASE(a_stuck_thread_shows_its_stack_and_is_aborted) {
  Watchdog::Patience patience = short_patience();
  patience.stack = milliseconds(40);
  patience.abort = milliseconds(80);
  const Ended ended = in_child([&] { be_stuck(patience); });
  BOOST_TEST(ended.by(SIGABRT));
  BOOST_TEST(
      ended.says("stuck: thread loop 3 in module \"slow\" 1.0, filter \"w1\", "
                 "phase request; the stack:"));
  BOOST_TEST(
      ended.says("crash: module \"slow\" 1.0, filter \"w1\", phase request: SIGABRT, "
                 "since its loop was stuck for too long"));
}

BOOST_AUTO_TEST_CASE(a_control_loop_was_stuck_for_ever) {
  Watchdog::Patience patience = short_patience();
  patience.abort = milliseconds(40);
  patience.control = milliseconds(80);
  const auto began = Clock::now();
  const Ended ended = in_child([&] { be_stuck(patience, Watchdog::Harm::ends_it_late); });
  BOOST_TEST(ended.by(SIGABRT));
  BOOST_TEST((Clock::now() - began >= milliseconds(120)));
}

BOOST_AUTO_TEST_CASE(one_that_cannot_even_be_aborted_is_killed) {
  Watchdog::Patience patience = short_patience();
  patience.abort = milliseconds(40);
  patience.kill = milliseconds(80);
  const Ended ended = in_child([&] {
    weir::install_crash_handler(nullptr);
    ::signal(SIGABRT, SIG_IGN);
    be_stuck(patience);
  });
  BOOST_TEST(ended.by(SIGKILL));
}

BOOST_AUTO_TEST_CASE(a_process_that_was_stopped_is_not_taken_for_stuck) {
  // The turn lasts a few looks of the child's own time, and is stopped for much longer meanwhile.
  Watchdog::Patience patience = short_patience();
  patience.look = milliseconds(5);
  patience.warn = std::chrono::hours(1);
  patience.abort = milliseconds(400);
  patience.kill = milliseconds(500);
  const Ended ended = in_child([&] {
    weir::install_crash_handler(nullptr);
    LoopUse use;
    ReportedThread thread("loop", 0);
    std::atomic<int> beats = 0;
    patience.beat = milliseconds(1);
    Watchdog watchdog([&] { ++beats; }, patience);
    const Watchdog::Watched watched(watchdog, use, thread, Watchdog::Harm::ends_process);
    use.began = 1;
    const pid_t me = ::getpid();
    const pid_t waker = ::fork();
    if (waker == 0) {
      const timespec pause{0, 900'000'000};
      ::nanosleep(&pause, nullptr);
      ::kill(me, SIGCONT);
      ::_exit(0);
    }
    ::raise(SIGSTOP);
    ::waitpid(waker, nullptr, 0);
    const bool goes_on = grows(beats, 4);
    ::_exit(goes_on ? 0 : 3);
  });
  BOOST_TEST(WIFEXITED(ended.status));
  BOOST_TEST(WEXITSTATUS(ended.status) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
