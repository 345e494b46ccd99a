// SPDX-License-Identifier: Apache-2.0
#include "supervise/alone.hpp"

#include <weir/module.h>

#include "base/log.hpp"
#include "base/result.hpp"
#include "event/loop.hpp"
#include "event/signals.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"
#include "supervise/superior.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too
#include <unistd.h>

namespace weir {

void Alone::serve_under(Loop& loop, Orders& orders) {
  orders_ = &orders;
  signals_ = std::make_unique<Signals>(
      loop, std::initializer_list<int>{SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2},
      [this](int signal) { caught(signal); });
}

Result<Listener> Alone::listen(const Address& address) {
  if (const Listener* const given = find_given(address)) return *given;
  auto handed = handed_.give(address);
  if (!handed) return Listener::open(address);
  given_.emplace_back(address, *handed);
  return std::move(*handed);
}

const Listener* Alone::find_given(const Address& address) const {
  const auto found = std::ranges::find(given_, address, &std::pair<Address, Listener>::first);
  return found == given_.end() ? nullptr : &found->second;
}

// The file of a Unix socket; a TCP port ends with its last descriptor.
void Alone::release(const Address& address) {
  if (find_given(address) != nullptr) return;
  const std::string path(address.path());
  if (!path.empty() && path[0] != '\0') ::unlink(path.c_str());
}

void Alone::caught(int signal) {
  switch (signal) {
    case SIGHUP:
      return reload_all([](const auto&) {});
    case SIGUSR1:
      return orders_->reopen_logs();
    case SIGUSR2:
      return upgrade([](const auto& outcomes) { WEIR_LOG(WEIR_ERR, outcomes.front().text); });
    default:
      return drain();
  }
}

void Alone::beat() {
  if (manager_.watchdog_interval() > std::chrono::microseconds::zero()) manager_.beat();
}

// Clients go on to wait in sockets of the service manager's.
void Alone::drain() {
  manager_.stopping();
  orders_->drain(given_.empty());
}

void Alone::ready() {
  for (const std::string& mistake : handed_.mistakes()) WEIR_LOG(WEIR_WARN, mistake);
  for (const std::string& text : handed_.unasked()) WEIR_LOG(WEIR_WARN, text);
  failed_ = !pid_file_.write();
  if (failed_) return orders_->drain(true);
  manager_.ready();
}

uint64_t Alone::expect(Told told) {
  expected_.emplace(++last_order_, std::move(told));
  return last_order_;
}

void Alone::done(uint64_t order, const Outcome& outcome) {
  const auto found = expected_.find(order);
  if (found == expected_.end()) return;
  const Told told = std::move(found->second);
  expected_.erase(found);
  told({outcome});
}

void Alone::reload_all(Told told) {
  manager_.reloading();
  const Told end = [this, told = std::move(told)](const auto& outcomes) {
    manager_.ready();
    told(outcomes);
  };
  orders_->prepare(expect([this, end](const auto& outcomes) {
    outcomes.front().good ? orders_->commit(expect(end)) : end(outcomes);
  }));
}

void Alone::ask_all(const std::string& question, Told told) {
  orders_->answer(expect(std::move(told)), question);
}

void Alone::upgrade(Told told) {
  told({{false, "an upgrade needs a supervisor, and this process runs without one: restart it"}});
}

}  // namespace weir
