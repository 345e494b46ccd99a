// SPDX-License-Identifier: Apache-2.0
#include "event/watchdog.hpp"

#include <weir/module.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "crash/handler.hpp"
#include "crash/mark.hpp"
#include "crash/thread.hpp"
#include "event/loop.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <ios>
#include <limits>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too
#include <unistd.h>

namespace weir {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

// Its tools preload a library of that name.
bool under_valgrind() {
  const char* const preloaded = std::getenv("LD_PRELOAD");
  return preloaded != nullptr &&
         std::string_view(preloaded).find("vgpreload") != std::string_view::npos;
}

// Who looks at the process with a debugger has it stand still for as long as he likes.
bool is_traced() {
  std::ifstream status("/proc/self/status");
  std::string key;
  while (status >> key) {
    if (key == "TracerPid:") {
      int tracer = 0;
      status >> tracer;
      return tracer != 0;
    }
    status.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return false;
}

void warn(const ReportedThread& thread, Clock::duration stuck) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(stuck).count();
  const Callee* const who = thread.mark().callee.load(std::memory_order_acquire);
  const char* const phase = thread.mark().phase.load(std::memory_order_relaxed);
  if (who == nullptr || phase == nullptr) {
    WEIR_LOG(WEIR_WARN, "stuck: ", thread.name(), " for ", ms, " ms in weir itself");
  } else {
    WEIR_LOG(WEIR_WARN, "stuck: ", thread.name(), " for ", ms, " ms in module \"", who->module,
             "\" ", who->version, ", ", who->kind, " \"", who->name, "\", phase ", phase);
  }
}

}  // namespace

Watchdog::Patience Watchdog::Patience::times(int factor) const {
  Patience longer = *this;
  for (Clock::duration* step :
       {&longer.warn, &longer.stack, &longer.abort, &longer.kill, &longer.control}) {
    *step *= factor;
  }
  return longer;
}

// A sanitizer makes code about 10 times as slow, valgrind about 50 times, and it runs one thread at
// a time: what takes long there is not stuck.
Watchdog::Patience Watchdog::Patience::usual() {
  if (under_valgrind()) return Patience{}.times(100);
  return Patience{}.times(sanitized ? 10 : 1);
}

Watchdog::Watchdog(std::function<void()> beat, const Patience& patience)
    : beat_(std::move(beat)), patience_(patience) {
  // Signals are for the thread that reads them; a new thread begins with its maker's mask.
  sigset_t all, former;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &former);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  ::pthread_sigmask(SIG_SETMASK, &former, nullptr);
}

Watchdog::~Watchdog() = default;

Watchdog::Watched::Watched(Watchdog& watchdog, const LoopUse& use, ReportedThread& thread,
                           Harm harm)
    : watchdog_(watchdog), use_(use), thread_(thread), harm_(harm) {
  const std::lock_guard lock(watchdog_.mutex_);
  watchdog_.watched_.push_back(this);
}

Watchdog::Watched::~Watched() {
  const std::lock_guard lock(watchdog_.mutex_);
  std::erase(watchdog_.watched_, this);
}

void Watchdog::run(const std::stop_token& stop) {
  const ReportedThread thread("watchdog");
  auto last = Clock::now();
  auto last_beat = last;
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    changed_.wait_for(lock, stop, patience_.look, [] { return false; });
    const auto now = Clock::now();
    look(now - std::exchange(last, now));
    if (now - last_beat < patience_.beat || !all_turn()) continue;
    last_beat = now;
    lock.unlock();
    beat_();
    lock.lock();
  }
}

void Watchdog::look(Clock::duration passed) {
  const auto seen = std::min(passed, 4 * patience_.look);
  for (Watched* const loop : watched_) {
    const LoopUse& use = loop->use_;
    uint64_t turn = use.began.load(std::memory_order_relaxed);
    // A turn with much to do is long where others have the processor: who gets on is not stuck.
    if (turn != 0) turn += use.steps.load(std::memory_order_relaxed);
    if (turn == 0 || turn != std::exchange(loop->turn_, turn)) {
      loop->turn_ = turn;
      loop->stuck_ = loop->reached_ = {};
    } else {
      loop->stuck_ += seen;
      judge(*loop);
    }
  }
}

// Whether this step is due, once a turn.
bool Watchdog::reaches(Watched& loop, Clock::duration step) {
  if (loop.stuck_ < step || loop.reached_ >= step) return false;
  loop.reached_ = step;
  return true;
}

Clock::duration Watchdog::grace(const Watched& loop) const {
  return loop.harm_ == Harm::ends_it_late ? patience_.control : Clock::duration::zero();
}

void Watchdog::judge(Watched& loop) const {
  const Clock::duration more = grace(loop);
  if (reaches(loop, patience_.warn)) warn(loop.thread_, loop.stuck_);
  if (reaches(loop, more + patience_.stack)) ask_for_stack(loop.thread_.id());
  const bool at_end = loop.stuck_ >= more + patience_.abort && !is_traced();
  if (at_end && reaches(loop, more + patience_.abort)) {
    loop.thread_.reason = "since its loop was stuck for too long";
    abort_thread(loop.thread_.id());
  }
  // What aborts has waited for the report; it may hang in that.
  if (at_end && reaches(loop, more + patience_.kill)) ::kill(::getpid(), SIGKILL);
}

bool Watchdog::all_turn() const {
  return std::none_of(watched_.begin(), watched_.end(), [this](const Watched* loop) {
    return loop->stuck_ > grace(*loop) + patience_.abort;
  });
}

}  // namespace weir
