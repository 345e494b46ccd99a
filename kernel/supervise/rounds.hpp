// SPDX-License-Identifier: Apache-2.0
//
// Orders that all worker processes get in turn: a reload, or a question.
//
// One round after the other. A round ends when each worker process that lives has carried the order
// out, one that was started meanwhile too, or, of a reload, when the first has failed.
//
// Thread: the supervisor's.
#pragma once

#include "supervise/channel.hpp"
#include "supervise/superior.hpp"
#include "supervise/worker_process.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace weir {

class Rounds {
 public:
  using Workers = std::vector<std::unique_ptr<WorkerProcess>>;
  static constexpr size_t most_rounds = 64;  // that wait

  // Expects: `workers` outlives this.
  explicit Rounds(const Workers& workers) : workers_(workers) {}

  // `told` hears the outcomes in the workers' order.
  void begin(Message::Kind order, std::string text, Superior::Told told);
  // A worker's answer to the order.
  void done(const WorkerProcess& worker, const Message& answer);
  void died(uint64_t life);

 private:
  struct Round {
    Message::Kind kind;
    std::string text;
    Superior::Told told;
    std::set<uint64_t> asked;  // lives
    uint64_t life;             // which has to answer now; 0: none
    std::vector<Outcome> outcomes;
  };

  void answered(Outcome outcome);
  void go_on();
  WorkerProcess* next() const;

  const Workers& workers_;
  std::deque<Round> rounds_;  // the first runs
  uint64_t order_ = 0;        // the last that was given
  bool going_ = false;        // who is told may begin a round
};

}  // namespace weir
