// SPDX-License-Identifier: Apache-2.0
//
// Orders that all worker processes get in turn: a step of a reload, or a question.
//
// A round ends when each worker process that lives has carried the order out, one that was started
// meanwhile too, or, of `prepare`, when the first has failed. `commit` is for those alone that were
// there when it began; one that drains for its successor gets neither. Rounds do not wait for each
// other, and none waits for ever: who has not answered in time has failed, and what it answers
// later is passed over.
//
// Thread: the supervisor's.
#pragma once

#include "base/clock.hpp"
#include "event/loop.hpp"
#include "event/timers.hpp"
#include "supervise/channel.hpp"
#include "supervise/superior.hpp"
#include "supervise/worker_process.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace weir {

class Rounds {
 public:
  using Workers = std::vector<std::unique_ptr<WorkerProcess>>;
  static constexpr size_t most_questions = 64;  // rounds at a time
  // What one worker has for a question. A control thread answers at once, unless a module that
  // configures itself holds it.
  static constexpr Clock::duration answer_time = std::chrono::seconds(10);

  // Expects: both outlive this, or `leave` comes before.
  Rounds(Loop& loop, const Workers& workers) : loop_(&loop), workers_(workers) {}

  // `told` hears the outcomes in the workers' order. Each worker has `patience`.
  void begin(Message::Kind order, std::string text, Clock::duration patience, Superior::Told told);
  // A worker's answer to the order.
  void done(const WorkerProcess& worker, const Message& answer);
  void died(uint64_t life);
  // None goes on, and nobody is told: in a fork.
  void leave() { rounds_.clear(); }

 private:
  struct Round final : Timer {
    explicit Round(Rounds& its_owner) : owner(its_owner) {}
    void expired() noexcept override { owner.late(*this); }

    Rounds& owner;
    Message::Kind kind{};
    std::string text;
    Clock::duration patience{};
    Superior::Told told;
    uint64_t newest = UINT64_MAX;  // the last life that it is for
    std::set<uint64_t> asked;      // lives
    uint64_t life = 0;             // which has to answer now
    uint64_t order = 0;            // that it was given
    std::vector<Outcome> outcomes;
  };

  WorkerProcess* next(const Round& round) const;
  void go_on(Round& round);
  void answered(Round& round, Outcome outcome);
  void late(Round& round);

  Loop* loop_;
  const Workers& workers_;
  std::list<Round> rounds_;
  uint64_t order_ = 0;  // the last that was given
};

}  // namespace weir
