// SPDX-License-Identifier: Apache-2.0
#include "sink.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <mutex>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

namespace {

constexpr size_t pipe_piece = 4096;  // PIPE_BUF: what a pipe takes as one, or not at all
constexpr int patience = 1000;       // milliseconds

size_t lines_in(std::string_view text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

// As many whole lines as fit, but at least one.
std::string_view piece_of(std::string_view text) {
  if (text.size() <= pipe_piece) return text;
  size_t end = text.rfind('\n', pipe_piece - 1);
  if (end == text.npos) end = text.find('\n');
  return text.substr(0, end == text.npos ? text.size() : end + 1);
}

bool wait_for_room(int descriptor) {
  pollfd asked{descriptor, POLLOUT, 0};
  return poll(&asked, 1, patience) > 0;
}

// "<134>Nov 25 09:45:01 weir[42]: ", as the C library writes it to the local socket.
std::string syslog_head(const SinkPlan& plan) {
  const time_t now = time(nullptr);
  tm parts{};
  localtime_r(&now, &parts);
  std::array<char, 32> stamp{};
  std::strftime(stamp.data(), stamp.size(), "%b %e %H:%M:%S", &parts);
  return "<" + std::to_string(plan.priority) + ">" + stamp.data() + " " + plan.tag + "[" +
         std::to_string(getpid()) + "]: ";
}

}  // namespace

Sink::~Sink() {
  if (descriptor_ >= 0) close(descriptor_);
}

int Sink::open() {
  const std::lock_guard guard{lock_};
  return open_locked();
}

int Sink::open_locked() {
  const int opened = open_new();
  if (opened < 0) return errno;
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = opened;
  struct stat status {};
  regular_ = fstat(opened, &status) == 0 && S_ISREG(status.st_mode);
  torn_ = false;
  return 0;
}

int Sink::open_new() const {
  switch (plan_.kind) {
    case SinkPlan::Kind::out:
      return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    case SinkPlan::Kind::error:
      return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    case SinkPlan::Kind::syslog:
      return connect_syslog();
    case SinkPlan::Kind::file:
      break;
  }
  // Non-blocking for the sake of a FIFO; a file does not care.
  constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  return ::open(plan_.path.c_str(), flags, 0640);
}

int Sink::connect_syslog() const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (plan_.path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  plan_.path.copy(address.sun_path, plan_.path.size());
  const int opened = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (opened < 0) return -1;
  if (connect(opened, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return opened;
  }
  const int error = errno;
  close(opened);
  errno = error;
  return -1;
}

Sink::Result Sink::write(std::string_view lines) {
  const std::lock_guard guard{lock_};
  if (lines.empty()) return {};
  if (descriptor_ < 0) {
    if (const int error = open_locked(); error != 0) return {lines_in(lines), error};
  }
  return plan_.kind == SinkPlan::Kind::syslog ? write_syslog(lines) : write_stream(lines);
}

Sink::Result Sink::write_stream(std::string_view lines) {
  if (torn_) {
    std::string_view end{"\n"};
    if (const int error = write_all(end); error != 0) return {lines_in(lines), error};
    torn_ = false;
  }
  while (!lines.empty()) {
    const auto piece = regular_ ? lines : piece_of(lines);
    auto left = piece;
    const int error = write_all(left);
    lines.remove_prefix(piece.size() - left.size());
    if (error == 0) continue;
    torn_ = lines.data() != piece.data() && lines.data()[-1] != '\n';
    return {lines_in(lines), error};
  }
  return {};
}

// Takes what was written off the front; 0 or errno.
int Sink::write_all(std::string_view& text) const {
  while (!text.empty()) {
    if (!regular_ && !wait_for_room(descriptor_)) return EAGAIN;
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR && errno != EAGAIN) {
      return errno;
    }
  }
  return 0;
}

Sink::Result Sink::write_syslog(std::string_view lines) {
  const auto head = syslog_head(plan_);
  Result result;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size() - 1);
    const int error = send_line(head + std::string{lines.substr(0, end)});
    if (error != 0) {
      result.error = error;
      // A logger that does not answer would cost a second for each line.
      result.lost += error == EMSGSIZE ? 1 : lines_in(lines);
      if (error != EMSGSIZE) return result;
    }
    lines.remove_prefix(end + 1);
  }
  return result;
}

int Sink::send_line(std::string_view line) {
  for (int tries = 0; tries < 3; ++tries) {
    if (send(descriptor_, line.data(), line.size(), MSG_NOSIGNAL) >= 0) return 0;
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == ENOBUFS) {
      if (!wait_for_room(descriptor_)) return EAGAIN;
    } else if (errno == ECONNREFUSED || errno == ENOTCONN || errno == ECONNRESET) {
      if (const int error = open_locked(); error != 0) return error;  // the logger was restarted
    } else {
      return errno;
    }
  }
  return EAGAIN;
}
