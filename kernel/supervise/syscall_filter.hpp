// SPDX-License-Identifier: Apache-2.0
//
// A seccomp filter (seccomp(2)) that refuses the system calls a worker has no use for.
//
// A list of what is refused, not of what is allowed: modules of others must go on working with a
// later C library. For what the filter always allows the kernel does not run it (since Linux 5.11).
//
// Thread: any; it binds all threads of the process.
#pragma once

#include <string>
#include <vector>

namespace weir {

// Expects: PR_SET_NO_NEW_PRIVS is set. Gives why it could not be applied, or nothing.
std::vector<std::string> restrict_system_calls();

}  // namespace weir
