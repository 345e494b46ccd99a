// SPDX-License-Identifier: Apache-2.0
#include "supervise/worker_process.hpp"

#include "base/clock.hpp"
#include "event/loop.hpp"
#include "supervise/channel.hpp"
#include "supervise/rounds.hpp"
#include "supervise/superior.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;
using weir::Backoff;
using weir::Channel;
using weir::Descriptor;
using weir::Loop;
using weir::Message;
using weir::Outcome;
using weir::Rounds;
using weir::WorkerProcess;
using Kind = weir::Message::Kind;

namespace {

struct Listening final : WorkerProcess::Owner {
  std::vector<Kind> heard_kinds;
  int starts = 0;
  void heard(WorkerProcess&, Message message) override { heard_kinds.push_back(message.kind); }
  void start(WorkerProcess&) override { ++starts; }
};

// A process that does nothing until it is killed.
pid_t idle_process() {
  const pid_t pid = ::fork();
  if (pid == 0) {
    while (true) ::pause();
  }
  return pid;
}

// A worker that this test plays.
struct Played {
  explicit Played(Loop& loop, WorkerProcess::Owner& owner, uint64_t life)
      : worker(std::make_unique<WorkerProcess>(loop, owner)) {
    worker->born(0x7ffffff0 + static_cast<pid_t>(life), std::move(ends.here), life);
  }
  Channel::Ends ends = std::move(*Channel::pair());
  std::unique_ptr<WorkerProcess> worker;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(worker_process)

BOOST_AUTO_TEST_CASE(pauses_grow_to_ten_seconds_and_a_long_life_ends_them) {
  Backoff backoff;
  for (const auto expected :
       {0ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 10'000ms, 10'000ms, 10'000ms}) {
    BOOST_TEST((backoff.after(1900ms) == expected));
  }
  BOOST_TEST((backoff.after(2s) == 0ms));
  BOOST_TEST((backoff.after(1ms) == 100ms));
}

BOOST_AUTO_TEST_CASE(endings_are_told_as_people_know_them) {
  BOOST_TEST(weir::ending_of(0) == "with status 0");
  BOOST_TEST(weir::ending_of(2 << 8) == "with status 2");
  BOOST_TEST(weir::ending_of(SIGSEGV) == "by SIGSEGV");
  BOOST_TEST(weir::ending_of(SIGABRT | 0x80) == "by SIGABRT (core dumped)");
  BOOST_TEST(weir::ending_of(40) == "by signal 40");
}

BOOST_AUTO_TEST_CASE(a_worker_that_stopped_beating_is_killed) {
  Loop loop;
  Listening owner;
  auto ends = std::move(*Channel::pair());
  const pid_t pid = idle_process();
  WorkerProcess worker(loop, owner);
  worker.born(pid, std::move(ends.here), 1);
  const auto began = weir::Clock::now();
  const auto last_beat = began + 1s;
  int status = 0;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    BOOST_REQUIRE((weir::Clock::now() < began + 20s));
    if (weir::Clock::now() < last_beat) ends.there.beat();
    loop.turn(100ms);
  }
  const auto took = weir::Clock::now() - began;
  BOOST_TEST(WTERMSIG(status) == SIGKILL);
  BOOST_TEST((took > 3800ms && took < 6s));
  worker.died();
}

BOOST_AUTO_TEST_CASE(a_worker_that_never_beat_is_not_judged) {
  Loop loop;
  Listening owner;
  auto ends = std::move(*Channel::pair());
  const pid_t pid = idle_process();
  WorkerProcess worker(loop, owner);
  worker.born(pid, std::move(ends.here), 1);
  ends.there.send({.kind = Kind::ready});
  const auto until = weir::Clock::now() + WorkerProcess::silence_limit + 200ms;
  while (weir::Clock::now() < until) loop.turn(100ms);
  BOOST_TEST(::waitpid(pid, nullptr, WNOHANG) == 0);
  BOOST_TEST((owner.heard_kinds == std::vector{Kind::ready}));
  worker.kill();
  ::waitpid(pid, nullptr, 0);
  worker.died();
}

BOOST_AUTO_TEST_CASE(a_supervisor_that_was_stopped_itself_does_not_kill) {
  Loop loop;
  Listening owner;
  auto ends = std::move(*Channel::pair());
  const pid_t pid = idle_process();
  WorkerProcess worker(loop, owner);
  worker.born(pid, std::move(ends.here), 1);
  ends.there.beat();
  loop.turn(0ms);
  ::usleep(3'800'000);  // as if by SIGSTOP
  loop.turn(0ms);
  BOOST_TEST(::waitpid(pid, nullptr, WNOHANG) == 0);
  worker.kill();
  ::waitpid(pid, nullptr, 0);
  worker.died();
}

BOOST_AUTO_TEST_CASE(what_a_worker_did_not_read_was_kept_without_bound) {
  Loop loop;
  Listening owner;
  auto ends = std::move(*Channel::pair());
  const pid_t pid = idle_process();
  WorkerProcess worker(loop, owner);
  worker.born(pid, std::move(ends.here), 1);
  const std::string text(1 << 20, 'x');
  size_t sent = 0;
  while (::waitpid(pid, nullptr, WNOHANG) == 0) {
    BOOST_REQUIRE(sent < 2 * WorkerProcess::most_unsent / text.size());
    if (sent < WorkerProcess::most_unsent / text.size() + 8) ++sent;
    worker.send({Kind::answer, true, 1, text});
  }
  BOOST_TEST(sent * text.size() > WorkerProcess::most_unsent);
  worker.died();
}

BOOST_AUTO_TEST_CASE(one_that_was_told_to_leave_stayed_for_as_long_as_it_beat) {
  Loop loop;
  Listening owner;
  auto ends = std::move(*Channel::pair());
  const pid_t pid = idle_process();
  WorkerProcess worker(loop, owner);
  worker.born(pid, std::move(ends.here), 1);
  worker.serves_now();
  const auto began = weir::Clock::now();
  worker.leave(500ms);
  int status = 0;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    BOOST_REQUIRE((weir::Clock::now() < began + 20s));
    ends.there.beat();
    loop.turn(50ms);
  }
  BOOST_TEST(WTERMSIG(status) == SIGKILL);
  BOOST_TEST((weir::Clock::now() - began > 450ms));
  worker.died();
}

BOOST_AUTO_TEST_CASE(the_last_words_of_the_dead_are_heard) {
  Loop loop;
  Listening owner;
  Played played(loop, owner, 1);
  played.ends.there.send({.kind = Kind::status, .text = "good bye"});
  played.worker->died();
  BOOST_TEST((owner.heard_kinds == std::vector{Kind::status}));
  BOOST_TEST(!played.worker->alive());
  played.worker->start_after(10ms);
  while (owner.starts == 0) loop.turn(1s);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(rounds)

namespace {

struct Field {
  Loop loop;
  Listening owner;
  std::vector<std::unique_ptr<WorkerProcess>> workers;
  std::vector<Channel> ends;
  Rounds rounds{loop, workers};
  std::vector<Outcome> told;
  int times = 0;

  explicit Field(uint64_t count) {
    for (uint64_t life = 1; life <= count; ++life) {
      Played played(loop, owner, life);
      workers.push_back(std::move(played.worker));
      ends.push_back(std::move(played.ends.there));
    }
  }

  void begin(Kind kind, weir::Clock::duration patience = 1h) {
    rounds.begin(kind, "what", patience, [this](const auto& outcomes) {
      told = outcomes;
      ++times;
    });
  }

  // What this worker was ordered; nothing: nothing.
  std::optional<Message> ordered(size_t worker) { return ends[worker].receive(); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(one_worker_after_the_other) {
  Field field(2);
  field.begin(Kind::answer);
  const auto first = field.ordered(0);
  BOOST_REQUIRE(first.has_value());
  BOOST_TEST((first->kind == Kind::answer && first->text == "what"));
  BOOST_TEST(!field.ordered(1).has_value());
  field.rounds.done(*field.workers[1], {Kind::done, true, first->order});  // not its turn
  BOOST_TEST(!field.ordered(1).has_value());
  field.rounds.done(*field.workers[0], {Kind::done, false, first->order, "one"});
  const auto second = field.ordered(1);
  BOOST_REQUIRE(second.has_value());
  field.rounds.done(*field.workers[1], {Kind::done, true, second->order, "two"});
  BOOST_TEST(field.times == 1);
  BOOST_REQUIRE(field.told.size() == 2);
  BOOST_TEST((!field.told[0].good && field.told[0].text == "one" && field.told[1].good));
}

BOOST_AUTO_TEST_CASE(a_reload_stops_at_the_first_that_fails) {
  Field field(2);
  field.begin(Kind::prepare);
  field.rounds.done(*field.workers[0], {Kind::done, false, field.ordered(0)->order, "wrong"});
  BOOST_TEST(!field.ordered(1).has_value());
  BOOST_REQUIRE(field.told.size() == 1);
  BOOST_TEST(field.told[0].text == "wrong");
}

BOOST_AUTO_TEST_CASE(a_worker_that_dies_of_it_has_failed_and_its_successor_is_asked_too) {
  Field field(1);
  field.begin(Kind::answer);
  field.workers[0]->died();
  auto ends = std::move(*Channel::pair());
  field.workers[0]->born(0x7ffffff0, std::move(ends.here), 77);
  field.rounds.died(1);
  const auto again = ends.there.receive();
  BOOST_REQUIRE(again.has_value());
  field.rounds.done(*field.workers[0], {Kind::done, true, again->order});
  BOOST_REQUIRE(field.told.size() == 2);
  BOOST_TEST((!field.told[0].good && field.told[1].good));
}

BOOST_AUTO_TEST_CASE(a_question_had_to_wait_for_a_reload_that_hangs) {
  Field field(2);
  field.begin(Kind::prepare);
  field.begin(Kind::answer, 10ms);
  const auto reload = field.ordered(0);
  const auto question = field.ordered(0);
  BOOST_TEST((reload->kind == Kind::prepare && question->kind == Kind::answer));
  while (field.times == 0) {
    field.loop.turn(1s);
    const auto next = field.ordered(1);
    if (next) field.rounds.done(*field.workers[1], {Kind::done, true, next->order, "two"});
  }
  BOOST_REQUIRE(field.told.size() == 2);
  BOOST_TEST((!field.told[0].good && field.told[1].good && field.told[1].text == "two"));
  field.rounds.done(*field.workers[0], {Kind::done, true, reload->order});
  BOOST_TEST((field.ordered(1)->kind == Kind::prepare));
}

BOOST_AUTO_TEST_CASE(who_never_answered_held_its_asker_for_ever) {
  Field field(1);
  field.begin(Kind::prepare, 10ms);
  const auto order = field.ordered(0);
  while (field.times == 0) field.loop.turn(1s);
  BOOST_REQUIRE(field.told.size() == 1);
  BOOST_TEST(!field.told[0].good);
  BOOST_TEST(field.told[0].text.find("has not answered within 0 s: something holds its control") !=
             std::string::npos);
  field.rounds.done(*field.workers[0], {Kind::done, true, order->order});  // late
  BOOST_TEST(field.times == 1);
}

BOOST_AUTO_TEST_CASE(a_successor_begins_with_the_new_file_and_commits_nothing) {
  Field field(2);
  field.begin(Kind::commit);
  const auto first = field.ordered(0);
  field.workers[1]->died();
  auto ends = std::move(*Channel::pair());
  field.workers[1]->born(0x7ffffff0, std::move(ends.here), 77);
  field.rounds.done(*field.workers[0], {Kind::done, true, first->order});
  BOOST_TEST(!ends.there.receive().has_value());
  BOOST_TEST(field.times == 1);
}

BOOST_AUTO_TEST_CASE(one_that_drains_for_its_successor_does_not_refuse_a_reload) {
  Field field(2);
  field.workers[0]->leave(1h);
  BOOST_TEST((field.ordered(0)->kind == Kind::drain));
  field.begin(Kind::prepare);
  BOOST_TEST(!field.ordered(0).has_value());
  BOOST_TEST((field.ordered(1)->kind == Kind::prepare));
  field.begin(Kind::answer);
  BOOST_TEST((field.ordered(0)->kind == Kind::answer));
}

BOOST_AUTO_TEST_CASE(a_commit_goes_on_behind_one_that_fails) {
  Field field(2);
  field.begin(Kind::commit);
  field.rounds.done(*field.workers[0], {Kind::done, false, field.ordered(0)->order});
  BOOST_TEST((field.ordered(1)->kind == Kind::commit));
}

BOOST_AUTO_TEST_CASE(who_is_told_may_begin_the_next_round) {
  Field field(2);
  field.rounds.begin(Kind::answer, "", 1h, [&](const auto&) { field.begin(Kind::answer); });
  field.rounds.done(*field.workers[0], {Kind::done, true, field.ordered(0)->order});
  field.rounds.done(*field.workers[1], {Kind::done, true, field.ordered(1)->order});
  BOOST_TEST(field.ordered(0).has_value());
  BOOST_TEST(!field.ordered(1).has_value());
}

BOOST_AUTO_TEST_CASE(without_a_living_worker_the_round_ends_at_once) {
  Field field(1);
  field.workers[0]->died();
  field.begin(Kind::prepare);
  BOOST_TEST(field.times == 1);
  BOOST_TEST(field.told.empty());
}

BOOST_AUTO_TEST_SUITE_END()
