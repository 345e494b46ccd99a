// SPDX-License-Identifier: Apache-2.0
//
// Landlock (landlock(7)): files that the process may not use although its user might.
//
// No file can be executed as a program and no device node made. Mapping a shared object is reading.
// No process but this one and its children can be sent a signal. The network is left alone. Older
// kernels know less of it: Linux 5.13 has version 1, Debian 12 version 2, signals come with 6.
//
// Thread: the one that is bound, with all it starts later.
#pragma once

#include <string>
#include <vector>

namespace weir {

// Writing is restricted to these folders and /dev unless there are none. Expects:
// PR_SET_NO_NEW_PRIVS is set. Gives what could not be applied.
std::vector<std::string> restrict_files(const std::vector<std::string>& writable);

}  // namespace weir
