// SPDX-License-Identifier: Apache-2.0
#include "base/log_channels.hpp"

#include "base/log.hpp"
#include "base/result.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include <Poco/AutoPtr.h>
#include <Poco/Channel.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/Exception.h>
#include <Poco/Message.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/poll.h>
#include <sys/types.h>
#include <unistd.h>

namespace weir {

namespace {

constexpr size_t level_width = 6;

// What a signal handler asks for is necessarily the process's.
std::atomic<int> file_descriptor = -1;  // NOLINT(*-avoid-non-const-global-variables)
std::atomic<bool> writes_json = false;  // NOLINT(*-avoid-non-const-global-variables)

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') out += '\\';
    out += letter;
  }
  return out + '"';
}

std::string line_of(const Poco::Message& message, LogFormat format) {
  const auto time = Poco::DateTimeFormatter::format(message.getTime(), "%Y-%m-%dT%H:%M:%S.%iZ");
  const auto level = static_cast<uint32_t>(Poco::Message::PRIO_TRACE - message.getPriority());
  std::string name(level_name(level));
  if (format == LogFormat::json) {
    return R"({"time":")" + time + R"(","level":")" + name + R"(","message":)" +
           quoted(message.getText()) + "}\n";
  }
  name.resize(level_width, ' ');
  return time + ' ' + name + ' ' + message.getText() + '\n';
}

class DescriptorChannel : public Poco::Channel {
 public:
  DescriptorChannel(int descriptor, LogFormat format) : descriptor_(descriptor), format_(format) {
    writes_json = format == LogFormat::json;
  }

  void log(const Poco::Message& message) override {
    if (lost_ > 0) {
      const auto told = std::to_string(lost_) + " lines were lost here: they could not be written";
      if (!put({message.getSource(), told, Poco::Message::PRIO_WARNING})) {
        ++lost_;
        return;
      }
      lost_ = 0;
    }
    if (!put(message)) ++lost_;
  }

 protected:
  // From now on; gives back the former one.
  int use(int descriptor) { return std::exchange(descriptor_, descriptor); }

 private:
  // A pipe that poll finds writable takes PIPE_BUF bytes at once, which is more than a line has.
  bool put(const Poco::Message& message) {
    pollfd asked{descriptor_, POLLOUT, 0};
    if (::poll(&asked, 1, 0) != 1 || (asked.revents & POLLOUT) == 0) return false;
    const auto line = (torn_ ? "\n" : "") + line_of(message, format_);
    const auto size = static_cast<ssize_t>(line.size());
    const auto written = ::write(descriptor_, line.data(), line.size());
    if (written > 0) torn_ = written < size;
    return written == size;
  }

  int descriptor_;
  LogFormat format_;
  uint64_t lost_ = 0;
  bool torn_ = false;  // the disk ended within a line
};

int open_log(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
}

class LogFile final : public DescriptorChannel {
 public:
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  LogFile(int descriptor, std::string path, LogFormat format)
      : DescriptorChannel(descriptor, format), path_(std::move(path)) {
    file_descriptor = descriptor;
  }

  void open() override {
    const int fresh = open_log(path_);
    if (fresh < 0) throw Poco::OpenFileException(path_, std::generic_category().message(errno));
    file_descriptor = fresh;
    ::close(use(fresh));
  }

 private:
  ~LogFile() override {
    int mine = use(-1);
    ::close(mine);
    file_descriptor.compare_exchange_strong(mine, -1);
  }

  std::string path_;
};

}  // namespace

Poco::AutoPtr<Poco::Channel> stderr_channel(LogFormat format) {
  return new DescriptorChannel(STDERR_FILENO, format);
}

Result<Poco::AutoPtr<Poco::Channel>> file_channel(const std::string& path, LogFormat format) {
  const int descriptor = open_log(path);
  if (descriptor < 0) {
    return Error{"cannot open the log " + path + ": " + std::generic_category().message(errno)};
  }
  return Poco::AutoPtr<Poco::Channel>(new LogFile(descriptor, path, format));
}

int log_file_descriptor() { return file_descriptor.load(std::memory_order_relaxed); }

bool log_is_json() { return writes_json.load(std::memory_order_relaxed); }

}  // namespace weir
