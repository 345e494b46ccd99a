// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include <weir/module.h>

#include "base/contract.hpp"
#include "base/log_channels.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include <Poco/AutoPtr.h>
#include <Poco/Channel.h>
#include <Poco/Exception.h>
#include <Poco/Message.h>

namespace weir {

namespace {

constexpr std::array<std::string_view, 6> names = {"trace",  "debug", "info",
                                                   "notice", "warn",  "error"};
constexpr std::string_view cut = "...";
constexpr size_t escape_size = 4;

bool plain(char letter, bool peer) {
  const auto byte = static_cast<unsigned char>(letter);
  if (byte < 0x20 || byte == 0x7f) return false;
  return !peer || (byte < 0x80 && byte != '\\');
}

}  // namespace

std::string_view level_name(uint32_t level) {
  return names[std::min<size_t>(level, names.size() - 1)];
}

void LogLine::append(std::string_view text, bool peer) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char letter : text) {
    if (full_) return;
    const bool as_is = plain(letter, peer);
    if (size_ + (as_is ? 1 : escape_size) + cut.size() > bytes_.size()) {
      full_ = true;
      size_ += cut.copy(bytes_.data() + size_, cut.size());
    } else if (as_is) {
      bytes_[size_++] = letter;
    } else {
      const auto byte = static_cast<unsigned char>(letter);
      bytes_[size_++] = '\\';
      bytes_[size_++] = 'x';
      bytes_[size_++] = digits[byte >> 4];
      bytes_[size_++] = digits[byte & 15];
    }
  }
}

Log::Log() : channel_(stderr_channel()) {}

Log& Log::instance() {
  static Log log;
  return log;
}

void Log::set_level(uint32_t level) {
  expects(level <= WEIR_ERR, "a log level");
  std::atomic_ref(level_).store(level, std::memory_order_relaxed);
}

void Log::set_channel(Poco::AutoPtr<Poco::Channel> channel) {
  expects(!channel.isNull(), "a channel");
  const std::lock_guard lock(mutex_);
  channel_.swap(channel);
}

void Log::reopen() {
  std::string problem;
  try {
    const std::lock_guard lock(mutex_);
    channel_->close();
    channel_->open();
  } catch (const Poco::Exception& exception) {
    problem = exception.displayText();
  }
  if (!problem.empty()) write_log(WEIR_ERR, "the log stays in its old file: ", problem);
}

void Log::write(uint32_t level, std::string_view text) {
  const auto priority = static_cast<int>(Poco::Message::PRIO_TRACE) - static_cast<int>(level);
  const Poco::Message message("weir", std::string(text),
                              static_cast<Poco::Message::Priority>(priority));
  const std::lock_guard lock(mutex_);
  channel_->log(message);
}

}  // namespace weir
