// SPDX-License-Identifier: Apache-2.0
#include "net/acceptor.hpp"

#include "event/loop.hpp"
#include "net/listener.hpp"

#include <cerrno>
#include <cstdint>
#include <functional>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace weir {

namespace {

int reserve_descriptor() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

Acceptor::Acceptor(Loop& loop, Listener& listener, std::function<void(Accepted)> taken)
    : loop_(loop), listener_(listener), taken_(std::move(taken)), reserve_(reserve_descriptor()) {}

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
    taken_(std::move(*next));
    if (gone) return;
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

void Acceptor::give_up_one(int reason) {
  ++exhausted_;
  stop();
  if (reason == EMFILE || reason == ENFILE) {
    ::close(std::exchange(reserve_, -1));
    listener_.accept();  // and closes it
    reserve_ = reserve_descriptor();
  }
  loop_.arm(*this, pause_time);
}

void Acceptor::expired() noexcept {
  if (!start()) loop_.arm(*this, pause_time);
}

}  // namespace weir
