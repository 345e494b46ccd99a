// SPDX-License-Identifier: Apache-2.0
#include "event/signals.hpp"

#include "event/loop.hpp"

#include <cerrno>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <system_error>
#include <utility>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too
#include <sys/signalfd.h>
#include <unistd.h>

namespace weir {

Signals::Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> caught)
    : loop_(loop), caught_(std::move(caught)) {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (const int number : numbers) sigaddset(&set, number);
  ::pthread_sigmask(SIG_BLOCK, &set, &former_);
  descriptor_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor_ >= 0 && loop_.watch(descriptor_, *this)) return;
  const int reason = errno;
  ::close(descriptor_);
  ::pthread_sigmask(SIG_SETMASK, &former_, nullptr);
  throw std::system_error(reason, std::generic_category(), "signalfd");
}

Signals::~Signals() {
  loop_.forget(*this);
  ::close(descriptor_);
  ::pthread_sigmask(SIG_SETMASK, &former_, nullptr);
}

void Signals::ready(uint32_t) noexcept {
  signalfd_siginfo info{};
  while (::read(descriptor_, &info, sizeof info) == sizeof info) {
    caught_(static_cast<int>(info.ssi_signo));
  }
}

}  // namespace weir
