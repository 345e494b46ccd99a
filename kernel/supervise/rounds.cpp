// SPDX-License-Identifier: Apache-2.0
#include "supervise/rounds.hpp"

#include "supervise/channel.hpp"
#include "supervise/superior.hpp"
#include "supervise/worker_process.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace weir {

void Rounds::begin(Message::Kind order, std::string text, Superior::Told told) {
  if (rounds_.size() >= most_rounds) return told({{false, "too many questions at a time\n"}});
  rounds_.push_back({order, std::move(text), std::move(told), {}, 0, {}});
  if (rounds_.size() == 1 && !going_) go_on();
}

WorkerProcess* Rounds::next() const {
  for (const auto& worker : workers_) {
    if (worker->alive() && !rounds_.front().asked.contains(worker->life())) return worker.get();
  }
  return nullptr;
}

void Rounds::go_on() {
  going_ = true;
  while (!rounds_.empty()) {
    Round& round = rounds_.front();
    const bool failed = round.kind == Message::Kind::reload && !round.outcomes.empty() &&
                        !round.outcomes.back().good;
    WorkerProcess* const worker = failed ? nullptr : next();
    if (worker != nullptr) {
      round.life = worker->life();
      round.asked.insert(round.life);
      worker->send({.kind = round.kind, .order = ++order_, .text = round.text});
      break;
    }
    const Round ended = std::move(round);
    rounds_.pop_front();
    ended.told(ended.outcomes);
  }
  going_ = false;
}

void Rounds::answered(Outcome outcome) {
  rounds_.front().outcomes.push_back(std::move(outcome));
  go_on();
}

void Rounds::done(const WorkerProcess& worker, const Message& answer) {
  if (rounds_.empty() || rounds_.front().life != worker.life() || answer.order != order_) return;
  answered({answer.good, answer.text});
}

void Rounds::died(uint64_t life) {
  if (rounds_.empty() || rounds_.front().life != life) return;
  answered({false, "the worker process died of it"});
}

}  // namespace weir
