// SPDX-License-Identifier: Apache-2.0
#include "supervise/supervisor.hpp"

#include <weir/module.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "conf/model.hpp"
#include "crash/handler.hpp"
#include "crash/quarantine.hpp"
#include "event/loop.hpp"
#include "event/signals.hpp"
#include "event/timers.hpp"
#include "net/address.hpp"
#include "supervise/channel.hpp"
#include "supervise/handed_sockets.hpp"
#include "supervise/manager.hpp"
#include "supervise/privileges.hpp"
#include "supervise/sandbox.hpp"
#include "supervise/superior.hpp"
#include "supervise/supervised.hpp"
#include "supervise/upgrade.hpp"
#include "supervise/worker_process.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weir {
namespace {

using Kind = Message::Kind;

constexpr int wrong_world = 2;                                     // an exit status
constexpr size_t longest_question = 64 * 1024;                     // bytes, of a worker
constexpr int most_tries = 3;                                      // to read a file that changes
constexpr Clock::duration reload_time = std::chrono::seconds(60);  // for one step in one worker
constexpr Clock::duration beyond_drain = std::chrono::seconds(2);  // what a worker may need to cut

// What is sent to this process or a worker while it begins or ends does not kill it: it waits until
// someone listens for it, and at the end for nobody.
void keep_signals_waiting() {
  sigset_t set;
  sigemptyset(&set);
  for (const int each : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) sigaddset(&set, each);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
}

int exit_status_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : wrong_world; }

HandedSockets take_handed_sockets() {
  HandedSockets handed = HandedSockets::take();
  for (const std::string& mistake : handed.mistakes()) WEIR_LOG(WEIR_WARN, mistake);
  return handed;
}

}  // namespace

Supervisor::Supervisor(Work& work)
    : work_(work), loop_(std::make_unique<Loop>()), pid_file_(work.settings().pid) {
  keep_signals_waiting();
  ::signal(SIGCHLD, SIG_DFL);  // ignored, which is inherited, it would leave no status to wait for
  signals_ = std::make_unique<Signals>(
      *loop_, std::initializer_list<int>{SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2},
      [this](int signal) { caught(signal); });
  sockets_.take(take_handed_sockets());
  predecessor_ = Predecessor::find(sockets_);
  if (int ends[2]; ::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
    crash_records_ = Descriptor(ends[0]);
    crash_writer_ = Descriptor(ends[1]);
  }
  following_ = followed_ = predecessor_ != nullptr;
  WorkerProcess::Owner& owner = *this;
  for (size_t i = 0; i < work.settings().processes; ++i) {
    workers_.push_back(std::make_unique<WorkerProcess>(*loop_, owner));
  }
}

Supervisor::~Supervisor() = default;

int Supervisor::run() {
  keep_needed_capabilities();
  if (work_.settings().sandbox) hide_memory();
  if (following_) {
    predecessor_->watch(
        *loop_, [this](bool good) { followed(good); },
        [this] {
          followed_ = false;
          if (all_serve()) close_unheld();
        });
  }
  if (!work_.settings().user.empty() && ::geteuid() != 0) {
    WEIR_LOG(WEIR_WARN, "server.user has no effect: weir was not started as root");
  }
  for (const auto& worker : workers_) start(*worker);
  loop_->tick_each_second(*this);
  loop_->run();
  return status_;
}

void Supervisor::caught(int signal) {
  switch (signal) {
    case SIGCHLD:
      return reap();
    case SIGHUP:
      return reload([](const auto&) {});
    case SIGUSR1: {
      const ActingAs user(work_.settings().user);
      Log::instance().reopen();
      for (const auto& worker : workers_) worker->send({.kind = Kind::reopen_logs});
      return;
    }
    case SIGUSR2:
      return upgrade([](const auto&) {});
    default:
      // Until this supervisor is in charge, another one goes on with the sockets.
      return drain(!following_);
  }
}

void Supervisor::reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) ended(pid, status);
}

void Supervisor::ended(pid_t pid, int status) {
  if (successor_ != nullptr && successor_->pid() == pid) return successor_->died(status);
  for (const auto& worker : workers_) {
    if (worker->pid() == pid) return worker_ended(*worker, status);
  }
}

void Supervisor::worker_ended(WorkerProcess& worker, int status) {
  const pid_t pid = worker.pid();
  const uint64_t life = worker.life();
  const bool served = worker.serves();
  const bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  worker.died();
  read_crash_records(pid, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  sockets_.forget(life);
  rounds_.died(life);
  if (ending_) {
    if (!good) WEIR_LOG(WEIR_ERR, "worker process ", pid, " ended ", ending_of(status));
    if (status_ == 0 && served) status_ = exit_status_of(status);
    return end_if_alone();
  }
  if (served_) {
    if (!served) end_trial();
    return start_again(worker, pid, status);
  }
  if (WIFSIGNALED(status)) {
    WEIR_LOG(WEIR_ERR, "worker process ", pid, " ended ", ending_of(status), " before it served");
  }
  fail(exit_status_of(status));
}

void Supervisor::start_again(WorkerProcess& worker, pid_t pid, int status) {
  const auto pause = worker.pause();
  const auto shown = std::chrono::duration_cast<std::chrono::milliseconds>(pause).count();
  const bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  WEIR_LOG(good ? WEIR_NOTICE : WEIR_ERR, "worker process ", pid, " ended ", ending_of(status),
           ": another one starts ", shown == 0 ? "at once" : "in " + std::to_string(shown) + " ms");
  if (pause == Clock::duration::zero()) return start(worker);
  worker.start_after(pause);
}

void Supervisor::start(WorkerProcess& worker) {
  if (ending_) return;
  auto ends = Channel::pair();
  const pid_t pid = ends ? ::fork() : -1;
  if (pid == 0) become_worker(std::move(*ends));
  if (pid > 0) return worker.born(pid, std::move(ends->here), ++last_life_);
  WEIR_LOG(WEIR_ERR, "cannot start a worker process: ",
           ends ? std::generic_category().message(errno) : ends.error().text);
  if (!served_) return fail(wrong_world);
  worker.start_after(Backoff::most);
}

// What is the supervisor's is given up first, its end of each channel above all: a channel ends
// when no process has the other end any more. The loop is gone then, and the calls below this one
// must not be returned to.
void Supervisor::become_worker(Channel::Ends ends) {
  ends.here = Channel(Descriptor());
  Timer::cancel();
  Ticker::cancel();
  if (successor_ != nullptr) successor_->disown();
  if (predecessor_ != nullptr) predecessor_->disown();
  for (const auto& worker : workers_) worker->disown();
  successor_.reset();
  predecessor_.reset();
  rounds_.leave();
  workers_.clear();
  sockets_ = Sockets();
  signals_.reset();
  loop_.reset();
  const std::string failure = give_up_root(work_.settings().user);
  if (!failure.empty()) {
    WEIR_LOG(WEIR_ERR, failure);
    ::exit(wrong_world);  // NOLINT(concurrency-mt-unsafe): there is one thread
  }
  crash_records_ = Descriptor();
  Manager::hide();
  enter_sandbox();
  set_crash_record_fd(crash_writer_.get());
  Supervised superior(std::move(ends.there));
  int status = wrong_world;
  try {
    status = work_.serve(superior, quarantine_.names());
  } catch (const std::exception& error) {  // above are event handlers, which let nothing pass
    WEIR_LOG(WEIR_ERR, "something it did not expect: ", error.what());
  }
  ::exit(status);  // NOLINT(concurrency-mt-unsafe)
}

void Supervisor::enter_sandbox() const {
  if (!work_.settings().sandbox) return;
  for (const std::string& line : weir::enter_sandbox({})) WEIR_LOG(WEIR_INFO, "sandbox: ", line);
}

// A death counts once, and only the dead one's own record; the pipe is empty afterwards.
void Supervisor::read_crash_records(pid_t pid, int signal) {
  CrashRecord last{};
  for (CrashRecord record; ::read(crash_records_.get(), &record, sizeof record) > 0;) {
    if (record.pid == pid && record.signal == signal) last = record;
  }
  if (last.pid == pid && signal != 0 && quarantine_.add(last)) {
    WEIR_LOG(WEIR_ERR, "module ", last.module.data(),
             " has crashed too often: it is in quarantine, not called any more until weir starts "
             "anew; on_fault decides what becomes of its requests");
    outdated_life_ = last_life_;
  }
}

void Supervisor::tick() noexcept {
  if (ending_ && !for_good_) return;  // another one is the service by now
  if (manager_.watchdog_interval() > std::chrono::microseconds::zero()) manager_.beat();
}

// The text is the socket's address.
void Supervisor::asked_of_socket(WorkerProcess& worker, const Message& message) {
  const auto address = Address::parse(message.text);
  if (!address) {
    return worker.send({Kind::reply, false, 0, "cannot listen: " + address.error().text});
  }
  if (message.kind == Kind::is_last) {
    return worker.send({.kind = Kind::reply, .good = sockets_.is_last(*address, worker.life())});
  }
  if (message.kind == Kind::release) {
    sockets_.release(*address, worker.life());
    if (all_serve()) close_unheld();
    return;
  }
  if (!work_.listens_on(*address)) {
    return worker.send({Kind::reply, false, 0, message.text + " is no listener of the file"});
  }
  auto given = sockets_.give(*address, worker.life());
  if (!given) return worker.send({Kind::reply, false, 0, given.error().text});
  worker.send({Kind::reply, true, 0, {}, std::move(*given)});
}

void Supervisor::heard(WorkerProcess& worker, Message message) {
  if (message.kind != Kind::done && message.text.size() > longest_question) {
    WEIR_LOG(WEIR_ERR, "worker process ", worker.pid(), " says too much: it is killed");
    return worker.kill();
  }
  switch (message.kind) {
    case Kind::listen:
    case Kind::is_last:
    case Kind::release:
      return asked_of_socket(worker, message);
    case Kind::ready:
      return serves(worker);
    case Kind::status:
      return manager_.status(message.text);
    case Kind::done:
      return rounds_.done(worker, message);
    case Kind::reload_all:
      return reload(teller(worker, message));
    case Kind::ask_all:
      return rounds_.begin(Kind::answer, message.text, Rounds::answer_time,
                           teller(worker, message));
    case Kind::drain_all:
      return caught(SIGTERM);
    case Kind::upgrade:
      return upgrade(teller(worker, message));
    default:
      return;
  }
}

bool Supervisor::all_serve() const {
  return std::ranges::all_of(workers_, [](const auto& each) { return each->serves(); });
}

// A former process that drains still has the Unix sockets, whose files cannot go before. At the end
// all is closed, and the files go last.
void Supervisor::close_unheld() {
  if (ending_) return;
  sockets_.close_unheld();
  if (!followed_) sockets_.remove_files();
}

// Of the workers that still call a module in quarantine, one after the other drains, and its
// successor does not call it. Not during a reload, which would fail where it is prepared already.
void Supervisor::renew_next() {
  if (ending_ || !reloading_.empty() || !all_serve()) return;
  if (std::ranges::any_of(workers_, [](const auto& each) { return each->leaving(); })) return;
  for (const auto& worker : workers_) {
    if (worker->life() > outdated_life_) continue;
    WEIR_LOG(WEIR_NOTICE, "worker process ", worker->pid(),
             " drains: another one takes its place, without the module in quarantine");
    return worker->leave(work_.settings().drain + beyond_drain);
  }
}

// The worker says that it serves once this has been replied to.
void Supervisor::serves(WorkerProcess& worker) {
  worker.serves_now();
  on_trial_ = false;
  if (!in_charge_ && !following_ && !take_charge()) fail(wrong_world);
  worker.send({.kind = Kind::reply});
  if (!all_serve() || ending_) return;
  close_unheld();
  renew_next();
  if (std::exchange(served_, true)) return;
  for (const std::string& text : sockets_.unasked().unasked()) WEIR_LOG(WEIR_WARN, text);
  if (following_) {
    predecessor_->say_ready();
  } else {
    manager_.ready();
  }
}

// The one that was in charge has handed over, or is gone.
void Supervisor::followed(bool good) {
  following_ = !good;
  if (good && take_charge()) return manager_.ready();
  if (!good) WEIR_LOG(WEIR_ERR, "the process to follow has ended: the upgrade is off");
  fail(wrong_world);
}

bool Supervisor::take_charge() {
  in_charge_ = true;
  {
    const ActingAs user(work_.settings().user);
    if (!work_.open_log()) return false;
  }
  return pid_file_.write();
}

Superior::Told Supervisor::teller(const WorkerProcess& worker, const Message& question) {
  return [this, life = worker.life(), number = question.order](const auto& outcomes) {
    tell_asker(life, number, outcomes);
  };
}

void Supervisor::tell_asker(uint64_t life, uint64_t number, const std::vector<Outcome>& outcomes) {
  for (const auto& worker : workers_) {
    if (!worker->alive() || worker->life() != life) continue;
    for (const Outcome& each : outcomes) {
      worker->send({Kind::outcome, each.good, number, each.text});
    }
    worker->send({.kind = Kind::told, .order = number});
  }
}

// One at a time: what is asked for meanwhile is for the next, since the file may have been read.
void Supervisor::reload(Superior::Told told) {
  reload_asked_.push_back(std::move(told));
  if (!reloading_.empty()) return;
  reloading_ = std::exchange(reload_asked_, {});
  manager_.reloading();
  prepare_reload(most_tries);
}

// A worker may have to wait first until the last exchanges of an old generation have ended.
Clock::duration Supervisor::reload_patience() const { return work_.settings().drain + reload_time; }

void Supervisor::prepare_reload(int tries) {
  rounds_.begin(Kind::prepare, {}, reload_patience(),
                [this, tries, before = work_.look()](const auto& outcomes) {
                  reload_prepared(before, tries, outcomes);
                });
}

// Workers read the file themselves. When it was the same before and after, that is what all of them
// have read, and what their successors start with; else they read it again.
void Supervisor::reload_prepared(const std::string& before, int tries,
                                 const std::vector<Outcome>& outcomes) {
  if (outcomes.empty()) return try_out(!before.empty());
  const bool good = std::ranges::all_of(outcomes, &Outcome::good);
  const bool same = good && !before.empty() && work_.look() == before;
  if (same && work_.take()) return commit_reload();
  for (const auto& worker : workers_) worker->send({.kind = Kind::discard});
  if (good && tries > 1) return prepare_reload(tries - 1);
  if (!good) return reloaded(outcomes);
  reloaded({{false, "the file changes while it is taken over; reload once more\n"}});
}

// No worker process is there to prepare it, maybe for want of a better file: the next one starts
// with it. When that one ends before it serves, the file was no good.
void Supervisor::try_out(bool good) {
  if (on_trial_) work_.take_back();
  on_trial_ = good && work_.take();
  open_log();
  const std::string text = on_trial_ ? "no worker process is there: the next one starts with the "
                                       "file as it is now"
                                     : "not reloaded: no worker process is there, and the file is "
                                       "wrong; weir check says how";
  WEIR_LOG(on_trial_ ? WEIR_NOTICE : WEIR_ERR, text);
  reloaded({{on_trial_, text + "\n"}});
}

void Supervisor::end_trial() {
  if (!std::exchange(on_trial_, false)) return;
  work_.take_back();
  open_log();
  WEIR_LOG(WEIR_ERR,
           "not reloaded: no worker process serves by the file as it was then; the next one "
           "starts with the former file");
}

void Supervisor::open_log() {
  const ActingAs user(work_.settings().user);
  work_.open_log();
}

// Who dies of it now starts anew with the same file, so there is no way back.
void Supervisor::commit_reload() {
  open_log();
  rounds_.begin(Kind::commit, {}, reload_patience(),
                [this](const auto& outcomes) { reloaded(outcomes); });
}

void Supervisor::reloaded(const std::vector<Outcome>& outcomes) {
  manager_.ready();
  for (const Superior::Told& told : std::exchange(reloading_, {})) told(outcomes);
  renew_next();
  if (reload_asked_.empty() || !reloading_.empty()) return;
  reload([](const auto&) {});
}

void Supervisor::upgrade(Superior::Told told) {
  const bool busy = successor_ != nullptr && successor_->underway();
  const bool first = ::getpid() == 1;  // whose end is the end of its container
  if (ending_ || busy || following_ || first) {
    const Outcome refused{false, ending_ ? "weir is ending"
                                 : first ? "process 1 cannot be followed by another: start a new "
                                           "container"
                                         : "an upgrade is under way"};
    WEIR_LOG(WEIR_ERR, "no upgrade: ", refused.text);
    return told({refused});
  }
  WEIR_LOG(WEIR_NOTICE, "upgrade: starting ", program_.path);
  manager_.show();
  successor_ = std::make_unique<Successor>(
      *loop_, program_, sockets_, [this, told = std::move(told)](const std::string& failure) {
        successor_ended(failure, told);
      });
}

void Supervisor::successor_ended(const std::string& failure, const Superior::Told& told) {
  if (!failure.empty()) {
    WEIR_LOG(WEIR_ERR, "no upgrade: ", failure, "; this process goes on");
    return told({{false, failure}});
  }
  const pid_t pid = successor_->pid();
  manager_.main_process(pid);
  pid_file_.leave();
  WEIR_LOG(WEIR_NOTICE, "upgrade: process ", pid, " has taken over");
  told({{true, "process " + std::to_string(pid) + " has taken over"}});
  drain(false);
}

// Not `for_good`: another supervisor goes on with the sockets.
void Supervisor::drain(bool for_good) {
  const bool others_go_on = sockets_.any_handed();
  const bool first = !std::exchange(ending_, true);
  if (first) {
    for_good_ = for_good;
    if (for_good) manager_.stopping();
    if (successor_ != nullptr && successor_->underway()) successor_.reset();
    sockets_.close_all();
    const auto notice = for_good ? work_.settings().notice : conf::Duration{};
    loop_->arm(*this, notice + work_.settings().drain + beyond_drain);
  } else {
    for (const auto& worker : workers_) {
      if (worker->alive() && !worker->serves()) worker->kill();
    }
  }
  for (const auto& worker : workers_) {
    worker->stay_dead();
    // To who drains already a second order says that it is to cut.
    if (first && worker->leaving()) continue;
    worker->send({.kind = Kind::drain, .good = for_good && !others_go_on});
  }
  end_if_alone();
}

void Supervisor::fail(int status) {
  if (status_ == 0) status_ = status;
  if (!ending_) drain(!following_);
}

void Supervisor::expired() noexcept {
  for (const auto& worker : workers_) {
    if (!worker->alive()) continue;
    WEIR_LOG(WEIR_ERR, "worker process ", worker->pid(), " goes on after its drain: it is killed");
    worker->kill();
  }
}

void Supervisor::end_if_alone() {
  if (std::ranges::any_of(workers_, [](const auto& each) { return each->alive(); })) return;
  if (for_good_) sockets_.remove_files();
  pid_file_.remove();
  loop_->stop();
}

}  // namespace weir
