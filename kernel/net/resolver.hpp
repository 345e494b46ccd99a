// SPDX-License-Identifier: Apache-2.0
//
// Names to addresses by the system's resolver, on the task pool, so that no loop waits for DNS.
//
// A Lookup asks again at its interval for as long as it lives. A name that does not resolve is a
// fact like another: nothing fails, the answer has a reason and holds what was good last, if
// anything was. Failed questions are repeated sooner.
//
// Thread: the control loop's; the questions themselves run on pool threads.
#pragma once

#include "event/loop.hpp"
#include "event/tasks.hpp"
#include "net/address.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace weir {

struct Answer {
  std::vector<Address> addresses;  // both families, each once, in the system's order
  std::string reason;              // why there is nothing new; empty: all is well
};

class Lookup;

class Resolver {
 public:
  // Expects: both outlive this, and this outlives its lookups. Answers to questions that are open
  // at its end are dropped.
  Resolver(Loop& loop, Tasks& tasks) : loop_(loop), tasks_(tasks) {}
  ~Resolver() = default;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Blocks; for start-up, tools and the pool.
  static Answer resolve(const std::string& name, uint16_t port);

 private:
  friend class Lookup;

  using Open = std::unordered_map<uint64_t, Lookup*>;

  void ask(Lookup& lookup);
  static void answered(Open& open, uint64_t question, Answer answer);

  Loop& loop_;
  Tasks& tasks_;
  uint64_t questions_ = 0;
  // By question; a lookup that died meanwhile is no longer in it. Shared with the questions, which
  // may be answered when the resolver itself is gone.
  std::shared_ptr<Open> open_ = std::make_shared<Open>();
};

class Lookup final : private Timer {
 public:
  static constexpr Clock::duration usual_interval = std::chrono::seconds(30);
  static constexpr Clock::duration retry_interval = std::chrono::seconds(5);

  // `told` hears the first answer, each that differs in addresses or reason, and no other. It may
  // destroy this. An address in place of a name is told, too, and never asked again.
  Lookup(Resolver& resolver, std::string name, uint16_t port,
         std::function<void(const Answer&)> told, Clock::duration interval = usual_interval);
  ~Lookup() override;
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  const std::string& name() const { return name_; }
  const Answer& answer() const { return answer_; }

  // Now, rather than at the end of the interval.
  void ask_again();

 private:
  friend class Resolver;

  void expired() noexcept override;
  void take(Answer answer);

  Resolver& resolver_;
  std::string name_;
  uint16_t port_;
  std::function<void(const Answer&)> told_;
  Clock::duration interval_;
  uint64_t question_ = 0;  // 0: none is open
  bool answered_ = false;
  Answer answer_;
};

}  // namespace weir
