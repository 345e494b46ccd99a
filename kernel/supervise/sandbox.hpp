// SPDX-License-Identifier: Apache-2.0
//
// What a worker process, which speaks with strangers and runs modules, gives up for good.
//
// No program can be started, no other process looked into, no file system, clock, key or piece of
// the kernel changed; there are no core dumps, other processes of the user cannot read its memory,
// and new files are for their owner alone. No capability is left, so a root without them reads and
// writes as the owner of root's files does. Loading modules, reading files, threads and sockets
// stay as they were. A forbidden call fails with EPERM; nothing ends the process.
//
// Two means, beside those of prctl(2): a seccomp filter, which sees the numbers of system calls,
// and Landlock, which sees files. Either may be missing from a kernel or a container. Then the rest
// is done.
//
// Thread: the only one of its process, since Landlock binds a thread and those it starts later.
#pragma once

#include <string>
#include <vector>

namespace weir {

struct SandboxOptions {
  // Where files may be written, made and removed, beside the devices in /dev: folders with all that
  // is below them. Modules loaded later are copied to one (RunFolder), which must be among them.
  // Empty: wherever the user may, since a reload can name new log files.
  std::vector<std::string> writable;
};

// Cannot be undone, and may be called again to give up more. Gives what could not be applied and
// why, each a line for the log.
std::vector<std::string> enter_sandbox(const SandboxOptions& options);

}  // namespace weir
