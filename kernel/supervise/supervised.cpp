// SPDX-License-Identifier: Apache-2.0
#include "supervise/supervised.hpp"

#include <weir/module.h>

#include "base/log.hpp"
#include "base/result.hpp"
#include "event/loop.hpp"
#include "event/signals.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"
#include "supervise/channel.hpp"
#include "supervise/superior.hpp"

#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too

namespace weir {

using Kind = Message::Kind;

void Supervised::serve_under(Loop& loop, Orders& orders) {
  loop_ = &loop;
  orders_ = &orders;
  signals_ = std::make_unique<Signals>(
      loop, std::initializer_list<int>{SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2},
      [this](int signal) { caught(signal); });
  if (!loop.watch(channel_.fd(), *this)) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

void Supervised::leave() {
  signals_.reset();
  loop_->forget(*this);
}

void Supervised::caught(int signal) {
  if (signal == SIGTERM) drain(false);
}

void Supervised::drain(bool for_good) {
  draining_ = true;
  orders_->drain(for_good);
}

// The reply, if it has come; orders before it are put aside.
std::optional<Message> Supervised::next_reply() {
  while (auto got = channel_.receive()) {
    if (got->kind == Kind::reply) return got;
    early_.push_back(std::move(*got));
  }
  return {};
}

// Sends and waits for the reply; nothing when the supervisor is gone.
std::optional<Message> Supervised::call(Message message) {
  channel_.send(std::move(message));
  while (!channel_.ended()) {
    channel_.flush();
    if (auto reply = next_reply()) {
      if (!early_.empty()) loop_->post([this] { receive(); });
      return reply;
    }
    if (!channel_.ended()) channel_.await();
  }
  return {};
}

Result<Listener> Supervised::listen(const Address& address) {
  auto reply = call({.kind = Kind::listen, .text = address.to_string()});
  if (!reply) return Error{"cannot listen on " + address.to_string() + ": no supervisor any more"};
  if (!reply->good) return Error{std::move(reply->text)};
  return Listener::adopt(reply->fd.release(), address);
}

void Supervised::release(const Address& address) {
  channel_.send({.kind = Kind::release, .text = address.to_string()});
}

bool Supervised::is_last_holder(const Address& address) {
  const auto reply = call({.kind = Kind::is_last, .text = address.to_string()});
  return reply && reply->good;
}

void Supervised::ready() { call({.kind = Kind::ready}); }

void Supervised::status(const std::string& text) {
  channel_.send({.kind = Kind::status, .text = text});
}

void Supervised::done(uint64_t order, const Outcome& outcome) {
  channel_.send({Kind::done, outcome.good, order, outcome.text});
}

void Supervised::ask(Kind kind, const std::string& text, Told told) {
  asked_.emplace(++last_asked_, Asked{std::move(told), {}});
  if (channel_.ended()) return superior_is_gone();
  channel_.send({.kind = kind, .order = last_asked_, .text = text});
}

void Supervised::reload_all(Told told) { ask(Kind::reload_all, {}, std::move(told)); }

void Supervised::ask_all(const std::string& question, Told told) {
  ask(Kind::ask_all, question, std::move(told));
}

void Supervised::upgrade(Told told) { ask(Kind::upgrade, {}, std::move(told)); }

void Supervised::drain_all() {
  if (channel_.ended()) return drain(false);
  channel_.send({.kind = Kind::drain_all});
}

void Supervised::ready(uint32_t) noexcept {
  channel_.flush();
  receive();
}

void Supervised::receive() {
  while (!early_.empty()) {
    const Message message = std::move(early_.front());
    early_.pop_front();
    take(message);
  }
  while (const auto message = channel_.receive()) take(*message);
  if (channel_.ended()) superior_is_gone();
}

void Supervised::take(const Message& message) {
  switch (message.kind) {
    case Kind::prepare:
      return orders_->prepare(message.order);
    case Kind::commit:
      return orders_->commit(message.order);
    case Kind::discard:
      return orders_->discard();
    case Kind::answer:
      return orders_->answer(message.order, message.text);
    case Kind::drain:
      return drain(message.good);
    case Kind::reopen_logs:
      return orders_->reopen_logs();
    case Kind::outcome:
      if (const auto found = asked_.find(message.order); found != asked_.end()) {
        found->second.outcomes.push_back({message.good, message.text});
      }
      return;
    case Kind::told:
      return told(message.order);
    default:
      return;
  }
}

void Supervised::told(uint64_t number) {
  const auto found = asked_.find(number);
  if (found == asked_.end()) return;
  const Asked asked = std::move(found->second);
  asked_.erase(found);
  asked.told(asked.outcomes);
}

// Nobody starts a worker after this one, but a supervisor that takes over may use the same sockets,
// so nothing is done to them.
void Supervised::superior_is_gone() {
  while (!asked_.empty()) {
    asked_.begin()->second.outcomes.push_back({false, "the supervisor has ended"});
    told(asked_.begin()->first);
  }
  if (draining_) return;
  WEIR_LOG(WEIR_WARN, "the supervisor has ended: this worker process drains and ends");
  drain(false);
}

}  // namespace weir
