// SPDX-License-Identifier: Apache-2.0
#include "supervise/rounds.hpp"

#include <weir/module.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "event/loop.hpp"
#include "supervise/channel.hpp"
#include "supervise/superior.hpp"
#include "supervise/worker_process.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace weir {

void Rounds::begin(Message::Kind order, std::string text, Clock::duration patience,
                   Superior::Told told) {
  if (order == Message::Kind::answer && rounds_.size() >= most_questions) {
    return told({{false, "too many questions at a time\n"}});
  }
  Round& round = rounds_.emplace_back(*this);
  round.kind = order;
  round.text = std::move(text);
  round.patience = patience;
  round.told = std::move(told);
  if (order == Message::Kind::commit) {
    round.newest = 0;
    for (const auto& worker : workers_) round.newest = std::max(round.newest, worker->life());
  }
  go_on(round);
}

WorkerProcess* Rounds::next(const Round& round) const {
  const bool reloads = round.kind != Message::Kind::answer;
  for (const auto& worker : workers_) {
    const bool meant =
        worker->alive() && worker->life() <= round.newest && !(reloads && worker->leaving());
    if (meant && !round.asked.contains(worker->life())) return worker.get();
  }
  return nullptr;
}

void Rounds::go_on(Round& round) {
  const bool failed = round.kind == Message::Kind::prepare && !round.outcomes.empty() &&
                      !round.outcomes.back().good;
  if (WorkerProcess* const worker = failed ? nullptr : next(round)) {
    round.life = worker->life();
    round.order = ++order_;
    round.asked.insert(round.life);
    loop_->arm(round, round.patience);
    return worker->send({.kind = round.kind, .order = round.order, .text = round.text});
  }
  const Superior::Told told = std::move(round.told);
  const std::vector<Outcome> outcomes = std::move(round.outcomes);
  rounds_.remove_if([&](const Round& each) { return &each == &round; });
  told(outcomes);  // who may begin another round
}

void Rounds::answered(Round& round, Outcome outcome) {
  round.life = 0;
  round.outcomes.push_back(std::move(outcome));
  go_on(round);
}

void Rounds::done(const WorkerProcess& worker, const Message& answer) {
  const auto round = std::ranges::find_if(rounds_, [&](const Round& each) {
    return each.life == worker.life() && each.order == answer.order;
  });
  if (round != rounds_.end()) answered(*round, {answer.good, answer.text});
}

void Rounds::died(uint64_t life) {
  while (true) {
    const auto round =
        std::ranges::find_if(rounds_, [&](const Round& each) { return each.life == life; });
    if (round == rounds_.end()) return;
    answered(*round, {false, "the worker process died of it"});
  }
}

void Rounds::late(Round& round) {
  const auto worker =
      std::ranges::find_if(workers_, [&](const auto& each) { return each->life() == round.life; });
  const std::string who = worker == workers_.end() ? "?" : std::to_string((*worker)->pid());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(round.patience).count();
  const std::string text = "worker process " + who + " has not answered within " +
                           std::to_string(seconds) +
                           " s: something holds its control thread, most likely a module that "
                           "configures itself; its log line \"stuck: control\" says which";
  WEIR_LOG(WEIR_ERR, text);
  answered(round, {false, text + "\n"});
}

}  // namespace weir
