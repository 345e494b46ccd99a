// SPDX-License-Identifier: Apache-2.0
#include "supervise/worker_process.hpp"

#include <weir/module.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "event/loop.hpp"
#include "supervise/channel.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too
#include <string.h>  // NOLINT(modernize-deprecated-headers): the GNU part too
#include <sys/wait.h>

namespace weir {
namespace {

// A supervisor that did not run itself for so long is no judge of others.
constexpr Clock::duration own_delay = std::chrono::milliseconds(500);

}  // namespace

std::string ending_of(int status) {
  if (!WIFSIGNALED(status)) return "with status " + std::to_string(WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  const char* const name = ::sigabbrev_np(number);
  std::string text =
      "by " + (name == nullptr ? "signal " + std::to_string(number) : "SIG" + std::string(name));
  if (WCOREDUMP(status)) text += " (core dumped)";
  return text;
}

Clock::duration Backoff::after(Clock::duration life) {
  if (life >= long_life) short_lives_ = 0;
  const unsigned before = short_lives_;
  if (short_lives_ < 8) ++short_lives_;
  if (before == 0) return Clock::duration::zero();
  return std::min<Clock::duration>(std::chrono::milliseconds(100) * (1 << (before - 1)), most);
}

WorkerProcess::~WorkerProcess() { leave_channel(); }

void WorkerProcess::leave_channel() {
  if (!channel_) return;
  loop_.unwatch(channel_->fd(), *this);
  channel_.reset();
}

// NOLINTNEXTLINE(misc-include-cleaner): pid_t comes with every one of the headers above
void WorkerProcess::born(pid_t pid, Channel channel, uint64_t life) {
  cancel();
  pid_ = pid;
  life_ = life;
  serves_ = leaving_ = false;
  born_ = Clock::now();
  channel_ = std::move(channel);
  // Out of memory for an epoll entry, the worker would stay unheard: let it begin anew.
  if (!loop_.watch(channel_->fd(), *this)) kill();
}

void WorkerProcess::died() {
  ready(0);  // what it said last
  cancel();
  leave_channel();
  pid_ = 0;
  serves_ = false;
}

void WorkerProcess::leave(Clock::duration longest) {
  leaving_ = true;
  gone_by_ = loop_.now() + longest;
  judge_later();
  send({.kind = Message::Kind::drain, .good = false});
}

void WorkerProcess::send(Message message) {
  if (!channel_) return;
  channel_->send(std::move(message));
  if (channel_->unsent() <= most_unsent) return;
  WEIR_LOG(WEIR_ERR, "worker process ", pid_, " does not read what it is told, ",
           channel_->unsent(), " bytes by now: it is killed");
  leave_channel();
  kill();
}

void WorkerProcess::kill() const {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

void WorkerProcess::beaten() {
  judged_ = loop_.now() + silence_limit;
  if (!overdue()) judge_later();
}

void WorkerProcess::judge_later() {
  loop_.arm(*this, (leaving_ ? std::min(judged_, gone_by_) : judged_) - loop_.now());
}

void WorkerProcess::ready(uint32_t) noexcept {
  if (channel_) channel_->flush();
  while (channel_) {  // what it is answered may end that
    auto message = channel_->receive();
    if (!message) return;
    if (message->kind == Message::Kind::beat) {
      beaten();
    } else {
      owner_.heard(*this, std::move(*message));
    }
  }
}

void WorkerProcess::expired() noexcept {
  if (!alive()) return owner_.start(*this);
  if (overdue()) {
    WEIR_LOG(WEIR_ERR, "worker process ", pid_, " goes on after its drain: it is killed");
    return kill();
  }
  if (loop_.now() > judged_ + own_delay) return beaten();
  WEIR_LOG(WEIR_ERR, "worker process ", pid_, " has not been heard of for ",
           std::chrono::duration_cast<std::chrono::seconds>(silence_limit).count(),
           " s: it is killed");
  kill();
}

}  // namespace weir
