// SPDX-License-Identifier: Apache-2.0
#include "net/acceptor.hpp"

#include "event/loop.hpp"
#include "event/timers.hpp"
#include "net/listener.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace weir {

namespace {

int reserve_descriptor() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

int highest_number(unsigned percent) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  constexpr rlim_t most = std::numeric_limits<int>::max();
  const rlim_t share = std::min(limit.rlim_cur, most) * percent / 100;
  return static_cast<int>(share) - 1;
}

}  // namespace

Acceptor::Acceptor(Loop& loop, Listener& listener, std::function<void(Accepted)> taken,
                   std::function<void()> paused, unsigned percent)
    : loop_(loop),
      listener_(listener),
      taken_(std::move(taken)),
      paused_(std::move(paused)),
      percent_(percent),
      reserve_(reserve_descriptor()),
      last_(highest_number(percent)) {}

Acceptor::~Acceptor() {
  stop();
  if (reserve_ >= 0) ::close(reserve_);
  if (gone_ != nullptr) *gone_ = true;
}

bool Acceptor::start() {
  cancel();
  if (!watching_) watching_ = loop_.watch_listener(listener_.fd(), *this);
  return watching_;
}

void Acceptor::stop() {
  cancel();
  if (std::exchange(watching_, false)) loop_.unwatch_listener(listener_.fd(), *this);
}

void Acceptor::ready(uint32_t) noexcept {
  bool gone = false;
  gone_ = &gone;
  for (int i = 0; i < batch && watching_; ++i) {
    auto next = listener_.accept();
    if (!next) {
      if (next.error() != EAGAIN) give_up_one(next.error());
      break;
    }
    ++accepted_;
    const bool was_last = next->socket.fd() >= last_;
    taken_(std::move(*next));
    if (gone) return;
    if (was_last && watching_) pause();
  }
  gone_ = nullptr;
}

void Acceptor::accept_waiting() {
  while (watching_) {
    auto next = listener_.accept();
    if (!next) return;
    ++accepted_;
    taken_(std::move(*next));
  }
}

void Acceptor::pause() {
  ++exhausted_;
  stop();
  loop_.arm(*this, pause_time);
  if (paused_) paused_();
}

void Acceptor::give_up_one(int reason) {
  if (reason == EMFILE || reason == ENFILE) {
    ::close(std::exchange(reserve_, -1));
    listener_.accept();  // and closes it
    reserve_ = reserve_descriptor();
  }
  pause();
}

bool Acceptor::few_are_left() const {
  const int number = reserve_descriptor();
  if (number >= 0) ::close(number);
  return number < 0 || number > last_;
}

void Acceptor::look_again() {
  if (!Timer::armed()) return;
  cancel();
  expired();
}

void Acceptor::expired() noexcept {
  last_ = highest_number(percent_);
  if (reserve_ < 0) reserve_ = reserve_descriptor();
  if (few_are_left() || !start()) loop_.arm(*this, pause_time);
}

}  // namespace weir
