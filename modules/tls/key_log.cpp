// SPDX-License-Identifier: Apache-2.0
#include "key_log.hpp"

#include <weir/types.hpp>

#include "openssl.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include <fcntl.h>
#include <openssl/ssl.h>
#include <openssl/types.h>
#include <sys/types.h>
#include <unistd.h>

namespace {

int context_slot() {
  static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return slot;
}

}  // namespace

bool KeyLog::begin(SSL_CTX* context, const std::string& path, std::unique_ptr<KeyLog>& log) {
  if (path.empty()) return true;
  try {
    log = std::make_unique<KeyLog>(path);
  } catch (const BadFile& fault) {
    weir::log(nullptr, weir::Level::error, fault.what());
    return false;
  }
  attach(context, log.get());
  return true;
}

KeyLog::KeyLog(const std::string& path)
    : fd_(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
  if (fd_ < 0) throw BadFile{path + ": " + std::strerror(errno)};
}

KeyLog::~KeyLog() { close(fd_); }

void KeyLog::write(std::string line) const {
  line.push_back('\n');
  // One call, so that lines of several loops do not mix. A line that is lost is lost.
  [[maybe_unused]] const ssize_t written = ::write(fd_, line.data(), line.size());
}

void KeyLog::attach(SSL_CTX* context, const KeyLog* log) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): it comes back as const
  SSL_CTX_set_ex_data(context, context_slot(), const_cast<KeyLog*>(log));
  SSL_CTX_set_keylog_callback(context, [](const SSL* ssl, const char* line) {
    const void* const held = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_slot());
    static_cast<const KeyLog*>(held)->write(line);
  });
}
