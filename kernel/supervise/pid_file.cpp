// SPDX-License-Identifier: Apache-2.0
#include "supervise/pid_file.hpp"

#include <weir/module.h>

#include "base/log.hpp"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

namespace weir {

bool PidFile::write() {
  if (path_.empty()) return true;
  // A new file takes the place of what is there, which may be a link that somebody else has put
  // into the folder. Who reads it finds one number or the other.
  const std::string fresh = path_ + "." + std::to_string(::getpid());
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  const std::string text = std::to_string(::getpid()) + "\n";
  written_ = fd >= 0 && ::write(fd, text.data(), text.size()) == std::ssize(text);
  if (fd >= 0) ::close(fd);
  written_ = written_ && ::rename(fresh.c_str(), path_.c_str()) == 0;
  const int reason = errno;
  if (!written_) ::unlink(fresh.c_str());
  if (written_) return true;
  WEIR_LOG(WEIR_ERR, "cannot write the pid file ", path_, ": ",
           std::generic_category().message(reason));
  return false;
}

void PidFile::remove() {
  if (!std::exchange(written_, false)) return;
  std::ifstream file(path_);
  pid_t pid = 0;
  if (file >> pid && pid == ::getpid()) ::unlink(path_.c_str());
}

}  // namespace weir
