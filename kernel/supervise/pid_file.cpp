// SPDX-License-Identifier: Apache-2.0
#include "supervise/pid_file.hpp"

#include <weir/module.h>

#include "base/log.hpp"

#include <cerrno>
#include <fstream>
#include <ios>
#include <system_error>
#include <utility>

#include <sys/types.h>
#include <unistd.h>

namespace weir {

bool PidFile::write() {
  if (path_.empty()) return true;
  std::ofstream file(path_, std::ios::trunc);
  file << ::getpid() << '\n';
  file.close();
  written_ = static_cast<bool>(file);
  if (written_) return true;
  WEIR_LOG(WEIR_ERR, "cannot write the pid file ", path_, ": ",
           std::generic_category().message(errno));
  return false;
}

void PidFile::remove() {
  if (!std::exchange(written_, false)) return;
  std::ifstream file(path_);
  pid_t pid = 0;
  if (file >> pid && pid == ::getpid()) ::unlink(path_.c_str());
}

}  // namespace weir
