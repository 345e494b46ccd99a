// SPDX-License-Identifier: Apache-2.0
//
// The private folder in which this process keeps the copies of the modules it has loaded.
//
// A module is mapped from a copy named by its content: replacing or cutting the installed file
// while it is mapped would kill the process, and the dynamic linker takes an equal path for an
// equal file. The folder lasts until the process ends, as debuggers and core dumps need the copies.
// What a killed process left behind is removed by the next one; a lock tells whether it is dead,
// and keeps systemd-tmpfiles away.
//
// Thread: one owner.
#pragma once

#include "module/refusal.hpp"

#include <span>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace weir {

class RunFolder {
 public:
  // Nothing is created before the first copy. With an empty `parent` it is the first of
  // $XDG_RUNTIME_DIR, /tmp and /var/tmp from which code may be mapped.
  explicit RunFolder(std::string parent = {});
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  // Path of a file with these bytes; written once for a name.
  Loaded<std::string> copy(const std::string& name, std::span<const char> bytes);

  const std::string& path() const { return path_; }

 private:
  Loaded<std::string> create();
  void sweep() const;

  std::string parent_;
  std::string path_;
  int lock_ = -1;
  pid_t owner_;  // a forked child does not remove it
};

}  // namespace weir
