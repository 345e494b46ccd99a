// SPDX-License-Identifier: Apache-2.0
#include "supervise/upgrade.hpp"

#include <weir/module.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "event/loop.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"
#include "supervise/channel.hpp"
#include "supervise/descriptor.hpp"
#include "supervise/handed_sockets.hpp"
#include "supervise/sockets.hpp"
#include "supervise/worker_process.hpp"

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <ios>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weir {
namespace {

// The number of the channel's descriptor, and one line for each socket: ADDRESS=NUMBER, behind "+"
// when it is the service manager's, behind "*" when nobody has asked for it yet. The number stands
// behind the last "=", for a path may hold others.
constexpr const char* channel_variable = "WEIR_UPGRADE_CHANNEL";
constexpr const char* sockets_variable = "WEIR_UPGRADE_SOCKETS";

std::string socket_lines(const Sockets& sockets) {
  std::string lines;
  for (const Sockets::Kept& each : sockets.all()) {
    lines += (each.handed ? "+" : "") + each.asked.to_string() + "=" +
             std::to_string(each.listener.fd()) + "\n";
  }
  for (const HandedSocket& each : sockets.unasked().left()) {
    lines +=
        "*" + each.listener.address().to_string() + "=" + std::to_string(each.listener.fd()) + "\n";
  }
  return lines;
}

void let_exec_keep(int fd) { ::fcntl(fd, F_SETFD, 0); }

// In the child, which is a whole process with one thread: everything may be called.
[[noreturn]] void become(const Program& program, const Sockets& sockets, Channel channel) {
  for (const Sockets::Kept& each : sockets.all()) let_exec_keep(each.listener.fd());
  for (const HandedSocket& each : sockets.unasked().left()) let_exec_keep(each.listener.fd());
  let_exec_keep(channel.fd());
  ::setenv(sockets_variable, socket_lines(sockets).c_str(), 1);     // NOLINT(concurrency-mt-unsafe)
  ::setenv(channel_variable, std::to_string(channel.fd()).c_str(),  // NOLINT(concurrency-mt-unsafe)
           1);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  std::vector<char*> words;
  words.reserve(program.words.size() + 1);
  for (const std::string& word : program.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execv(program.path.c_str(), words.data());
  channel.send({Message::Kind::ready, false, 0,
                "cannot execute " + program.path + ": " + std::generic_category().message(errno)});
  ::_exit(127);
}

// In the child whose child the new process is until it serves. A service manager looks after its
// own children alone, and after orphans: so this one ends as the new process does, ends it when
// told by SIGTERM, and is ended alone, by SIGKILL, to make it an orphan. Both signals that it waits
// for are blocked in every supervisor.
[[noreturn]] void attend(const Program& program, const Sockets& sockets, Channel::Ends ends) {
  const auto pid = ::fork();
  if (pid == 0) become(program, sockets, std::move(ends.there));
  ::close_range(3, ~0U, 0);  // a channel ends when no process has the other end any more
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  sigaddset(&signals, SIGTERM);
  int told = 0;
  if (pid < 0 || ::sigwait(&signals, &told) != 0) ::_exit(127);
  if (told == SIGTERM) ::kill(pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (!WIFSIGNALED(status)) ::_exit(WEXITSTATUS(status));
  ::signal(WTERMSIG(status), SIG_DFL);
  sigfillset(&signals);
  ::sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  ::kill(::getpid(), WTERMSIG(status));
  ::_exit(127);
}

std::optional<int> number_of(std::string_view text) {
  int number = -1;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || number < 0) return {};
  return number;
}

std::optional<std::string> take_variable(const char* name) {
  const char* const value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  if (value == nullptr) return {};
  std::string taken = value;
  ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe)
  return taken;
}

void adopt(std::string_view line, Sockets& sockets) {
  const bool handed = line.starts_with('+');
  const bool unasked = line.starts_with('*');
  if (handed || unasked) line.remove_prefix(1);
  const size_t equals = line.rfind('=');
  if (equals == line.npos) return;
  const auto address = Address::parse(line.substr(0, equals));
  const auto number = number_of(line.substr(equals + 1));
  if (!address || !number) return;
  auto listener = unasked ? Listener::adopt(*number) : Listener::adopt(*number, *address);
  if (listener && unasked) return sockets.hold({"of the former process", std::move(*listener)});
  if (listener) return sockets.keep(*address, std::move(*listener), handed);
  WEIR_LOG(WEIR_WARN, "not taken over from the former process: ", listener.error().text);
}

}  // namespace

Program Program::own() {
  Program program;
  const auto path = ::getauxval(AT_EXECFN);
  if (path != 0) program.path = reinterpret_cast<const char*>(path);  // NOLINT(*-no-int-to-ptr)
  std::error_code ignored;
  program.path = std::filesystem::absolute(program.path, ignored).string();
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  for (std::string word; std::getline(file, word, '\0');) program.words.push_back(word);
  return program;
}

Successor::Successor(Loop& loop, const Program& program, const Sockets& sockets, Ended ended)
    : loop_(loop), ended_(std::move(ended)) {
  auto ends = Channel::pair();
  if (!ends) {
    not_started(ends.error().text);
    return;
  }
  pid_ = ::fork();
  if (pid_ == 0) attend(program, sockets, std::move(*ends));
  channel_ = std::move(ends->here);
  if (pid_ > 0 && loop_.watch(channel_->fd(), *this)) {
    loop_.arm(*this, patience);
  } else {
    not_started(std::generic_category().message(errno));
  }
}

// Told like everything else, later: who made this has not got it yet.
void Successor::not_started(const std::string& reason) {
  pending_ = "cannot start another process: " + reason;
  loop_.arm(*this, Clock::duration::zero());
}

Successor::~Successor() {
  leave_channel();
  if (ended_ != nullptr && pid_ > 0) ::kill(pid_, SIGTERM);
}

void Successor::leave_channel() {
  if (!channel_) return;
  loop_.unwatch(channel_->fd(), *this);
  channel_.reset();
}

void Successor::disown() {
  ended_ = nullptr;
  channel_.reset();
}

void Successor::end(const std::string& failure) {
  cancel();
  const Ended ended = std::exchange(ended_, nullptr);
  if (ended == nullptr) return;
  if (!failure.empty()) {
    leave_channel();  // the end of it is what the new process ends by when nobody attends to it
    if (pid_ > 0) ::kill(pid_, SIGTERM);
  }
  ended(failure);
}

void Successor::ready(uint32_t) noexcept {
  hear();
  if (underway() && serving_ > 0) ::kill(pid_, SIGKILL);  // died() goes on from there
}

void Successor::hear() {
  auto message = channel_ ? channel_->receive() : std::nullopt;
  if (!message || message->kind != Message::Kind::ready || !underway()) return;
  if (!message->good) return end(message->text);
  // NOLINTNEXTLINE(misc-include-cleaner): pid_t comes with the header of this file
  serving_ = static_cast<pid_t>(message->order);
}

void Successor::died(int status) {
  hear();  // what it said last
  if (!underway()) return;
  pid_ = serving_;
  if (serving_ == 0) return end("the new process ended " + ending_of(status) + " before it served");
  end({});  // the service manager is told before the successor says anything to it
  if (channel_) channel_->send({.kind = Message::Kind::reply});
}

void Successor::expired() noexcept { end(pending_); }

std::unique_ptr<Predecessor> Predecessor::find(Sockets& sockets) {
  const auto lines = take_variable(sockets_variable);
  const auto channel = take_variable(channel_variable);
  if (!lines || !channel) return nullptr;
  const auto number = number_of(*channel);
  if (!number || ::fcntl(*number, F_SETFD, FD_CLOEXEC) < 0) return nullptr;
  std::string_view rest = *lines;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    adopt(rest.substr(0, end), sockets);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  }
  return std::unique_ptr<Predecessor>(new Predecessor(Channel(Descriptor(*number))));
}

Predecessor::~Predecessor() {
  if (loop_ != nullptr) loop_->unwatch(channel_.fd(), *this);
}

void Predecessor::watch(Loop& loop, std::function<void(bool)> answered,
                        std::function<void()> ended) {
  loop_ = &loop;
  answered_ = std::move(answered);
  ended_ = std::move(ended);
  loop.watch(channel_.fd(), *this);
}

void Predecessor::say_ready() {
  channel_.send({.kind = Message::Kind::ready, .order = static_cast<uint64_t>(::getpid())});
}

void Predecessor::ready(uint32_t) noexcept {
  const auto answer = [this](bool good) {
    const auto answered = std::exchange(answered_, nullptr);
    if (answered != nullptr) answered(good);
    return answered != nullptr;
  };
  while (channel_.receive()) answer(true);
  if (!channel_.ended() || answer(false)) return;
  const auto ended = std::exchange(ended_, nullptr);
  if (ended != nullptr) ended();
}

}  // namespace weir
