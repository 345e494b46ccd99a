// SPDX-License-Identifier: Apache-2.0
#include "supervise/manager.hpp"

#include <weir/module.h>

#include "base/log.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): setenv
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): clock_gettime
#include <unistd.h>

namespace weir {
namespace {

constexpr const char* socket_variable = "NOTIFY_SOCKET";
constexpr const char* interval_variable = "WATCHDOG_USEC";
constexpr const char* watched_variable = "WATCHDOG_PID";

std::string variable(const char* name) {
  const char* const value = ::getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<uint64_t> number(const std::string& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

std::chrono::microseconds watchdog_of_environment() {
  const auto interval = number(variable(interval_variable));
  const auto watched = variable(watched_variable);
  const bool ours = watched.empty() || watched == std::to_string(::getpid());
  constexpr uint64_t longest = std::chrono::microseconds(std::chrono::hours(24 * 365)).count();
  if (!interval || !ours) return {};
  return std::chrono::microseconds(std::min(*interval, longest));
}

// 0 or errno. A manager that reads nothing for a second is not waited for.
int send(const std::string& to, const std::string& message) {
  sockaddr_un address{};
  if (to[0] != '/' && to[0] != '@') return EAFNOSUPPORT;
  if (to.size() > sizeof address.sun_path) return ENAMETOOLONG;
  address.sun_family = AF_UNIX;
  std::ranges::copy(to, address.sun_path);
  if (to[0] == '@') address.sun_path[0] = '\0';
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const timeval patience{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + to.size());
  const auto sent = ::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), size);
  const int reason = sent < 0 ? errno : 0;
  ::close(fd);
  return reason;
}

}  // namespace

Manager::Manager() : socket_(variable(socket_variable)), watchdog_(watchdog_of_environment()) {}

void Manager::ready() { tell("READY=1"); }

void Manager::reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t usec = int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(usec));
}

void Manager::stopping() { tell("STOPPING=1"); }

void Manager::beat() { tell("WATCHDOG=1"); }

// A line end would begin another assignment.
void Manager::status(const std::string& text) {
  std::string line = text;
  std::ranges::replace_if(
      line, [](char letter) { return letter == '\n' || letter == '\r' || letter == '\0'; }, ' ');
  tell("STATUS=" + line);
}

// NOLINTNEXTLINE(misc-include-cleaner): pid_t comes with the header of this file
void Manager::main_process(pid_t process) { tell("MAINPID=" + std::to_string(process)); }

void Manager::hide() {
  for (const char* name : {socket_variable, interval_variable, watched_variable}) ::unsetenv(name);
}

// Without WATCHDOG_PID whoever reads the interval is meant.
void Manager::show() const {
  ::unsetenv(watched_variable);
  if (present()) ::setenv(socket_variable, socket_.c_str(), 1);
  if (watchdog_.count() == 0) return;
  ::setenv(interval_variable, std::to_string(watchdog_.count()).c_str(), 1);
}

void Manager::tell(const std::string& message) {
  if (!present()) return;
  const int reason = send(socket_, message);
  if (reason == 0 || failed_.exchange(true)) return;
  WEIR_LOG(WEIR_WARN, "cannot tell the service manager at ", socket_, ": ",
           std::generic_category().message(reason));
}

}  // namespace weir
