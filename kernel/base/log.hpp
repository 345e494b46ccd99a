// SPDX-License-Identifier: Apache-2.0
//
// The error log: what weir says about itself. What clients ask is the access log's business.
//
//   WEIR_LOG(WEIR_WARN, "cannot reach ", endpoint, ": ", FromPeer{reason});
//
// The level is looked at first, so a line that nobody wants costs one load and no formatting. A
// line is built on the stack, has a bounded length, and cannot be forged: control characters become
// \xNN everywhere, and in what a peer sent (FromPeer) so does all that is not plain ASCII.
//
// Where lines go is a Poco channel: one of log_channels.hpp, Poco's own for syslog, a test's.
//
// Thread: any; set_level, set_channel and reopen: control.
#pragma once

#include <weir/module.h>

#include <array>
#include <atomic>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <mutex>
#include <string_view>

#include <Poco/AutoPtr.h>
#include <Poco/Channel.h>

namespace weir {

// Text from the network, to be written escaped.
struct FromPeer {
  std::string_view text;
};

// One line in the making; has a fixed size.
class LogLine {
 public:
  void add(std::string_view text) { append(text, false); }
  void add(const char* text) { append(text, false); }
  void add(char letter) { append({&letter, 1}, false); }
  void add(FromPeer peer) { append(peer.text, true); }

  template <class Number>
  requires(std::integral<Number> || std::floating_point<Number>) void add(Number number) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    append({digits.data(), static_cast<size_t>(end - digits.data())}, false);
  }

  std::string_view text() const { return {bytes_.data(), size_}; }

 private:
  void append(std::string_view text, bool peer);

  std::array<char, 2000> bytes_;
  size_t size_ = 0;
  bool full_ = false;
};

class Log {
 public:
  // The process has one. It writes to stderr from WEIR_NOTICE on until told otherwise.
  static Log& instance();

  bool wants(uint32_t level) const {
    return level >= std::atomic_ref(level_).load(std::memory_order_relaxed);
  }

  // Expects: WEIR_TRACE to WEIR_ERR.
  void set_level(uint32_t level);

  // For weir_host.log_level.
  const uint32_t* level() const { return &level_; }

  // All lines go there from now on.
  void set_channel(Poco::AutoPtr<Poco::Channel> channel);

  // Has the channel close and open what it writes to, after the file was moved away.
  void reopen();

  // Unconditional; `text` is one line as LogLine makes it.
  void write(uint32_t level, std::string_view text);

 private:
  Log();

  alignas(std::atomic_ref<uint32_t>::required_alignment) mutable uint32_t level_ = WEIR_NOTICE;
  std::mutex mutex_;
  Poco::AutoPtr<Poco::Channel> channel_;
};

// "trace", "debug", "info", "notice", "warn", "error".
std::string_view level_name(uint32_t level);

template <class... Parts>
void write_log(uint32_t level, const Parts&... parts) {
  LogLine line;
  (line.add(parts), ...);
  Log::instance().write(level, line.text());
}

}  // namespace weir

// level, then parts: text, numbers, FromPeer. Parts are evaluated only when the level is wanted.
#define WEIR_LOG(level, ...)                                                         \
  do {                                                                               \
    if (::weir::Log::instance().wants(level)) ::weir::write_log(level, __VA_ARGS__); \
  } while (false)
