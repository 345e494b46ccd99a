// SPDX-License-Identifier: Apache-2.0
//
// What a process started as root gives up.
//
// Thread: of a process with one thread.
#pragma once

#include <string>

#include <sys/types.h>

namespace weir {

// A worker process becomes `user` with its groups, for good: no capability, none to be had by an
// exec either, no core file, not to be traced, new files for it alone. Empty when done, or nothing
// was to do (no user named, not started as root); else the reason why not.
std::string give_up_root(const std::string& user);

// A supervisor keeps the capabilities to bind ports below 1024, to become another user, to signal
// that user's processes, and to write into that user's folders (pid file, Unix sockets).
void keep_needed_capabilities();

// No other process of this user may look into this one. Left out where a sanitizer has to.
void hide_memory();

// While it lives, files are made and opened as `user`: what the supervisor logs to is a worker's
// log file too. Does nothing where give_up_root would not.
class ActingAs {
 public:
  explicit ActingAs(const std::string& user);
  ~ActingAs();
  ActingAs(const ActingAs&) = delete;
  ActingAs& operator=(const ActingAs&) = delete;

 private:
  bool acting_ = false;
};

}  // namespace weir
