// SPDX-License-Identifier: Apache-2.0
//
// Looks from a thread of its own whether loops still turn, and says which module holds one that
// does not.
//
// A loop that is stuck in one turn is told of by its module and phase, then its stack is logged,
// then the process is aborted, which the crash handler reports, and where even that does not work
// it is killed: a process that serves nobody is worse than one that is started again. The control
// loop may take its time, since modules are configured there: all but the telling comes a minute
// later.
//
// Time that this thread did not see pass counts for at most four looks, so a process that was
// stopped or a machine that slept accuses nobody.
//
// Thread: Watchdog control, Watched the thread of its loop.
#pragma once

#include "base/clock.hpp"
#include "crash/thread.hpp"
#include "event/loop.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace weir {

class Watchdog {
 public:
  // How long a turn may last, and how often that is looked at.
  struct Patience {
    Clock::duration look = std::chrono::milliseconds(25);
    Clock::duration warn = std::chrono::milliseconds(100);
    Clock::duration stack = std::chrono::seconds(1);
    Clock::duration abort = std::chrono::seconds(2);
    Clock::duration kill = std::chrono::seconds(3);
    Clock::duration control = std::chrono::minutes(1);  // more for a control loop
    Clock::duration beat = std::chrono::milliseconds(500);

    // All that is above but `look` and `beat` takes that many times as long.
    Patience times(int factor) const;
    // What suits this build and what it runs under.
    static Patience usual();
  };

  // `beat` is called on the watchdog's thread while no loop is stuck beyond `abort`.
  explicit Watchdog(std::function<void()> beat, const Patience& patience = Patience::usual());
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  enum class Harm : uint8_t { ends_process, ends_it_late };

  // A loop that is watched while this lives.
  class Watched {
   public:
    Watched(Watchdog& watchdog, const LoopUse& use, ReportedThread& thread, Harm harm);
    ~Watched();
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

   private:
    friend class Watchdog;
    Watchdog& watchdog_;
    const LoopUse& use_;
    ReportedThread& thread_;
    Harm harm_;
    uint64_t turn_ = 0;          // when the turn that was seen last began
    Clock::duration stuck_{};    // how long it has been seen
    Clock::duration reached_{};  // the last step that was taken because of it
  };

 private:
  void run(const std::stop_token& stop);
  void look(Clock::duration passed);
  void judge(Watched& loop) const;
  Clock::duration grace(const Watched& loop) const;
  static bool reaches(Watched& loop, Clock::duration step);
  bool all_turn() const;

  const std::function<void()> beat_;
  const Patience patience_;
  std::mutex mutex_;  // guards watched_
  std::condition_variable_any changed_;
  std::vector<Watched*> watched_;
  std::jthread thread_;  // last: it uses what stands above
};

}  // namespace weir
