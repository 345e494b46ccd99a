// SPDX-License-Identifier: Apache-2.0
#include "supervise/sandbox.hpp"

#include "supervise/landlock.hpp"
#include "supervise/syscall_filter.hpp"

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <linux/capability.h>
#include <linux/prctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace weir {

namespace {

// Those of root, or of a service that was given some.
int drop_capabilities() {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  return static_cast<int>(::syscall(SYS_capset, &header, none));
}

}  // namespace

std::vector<std::string> enter_sandbox(const SandboxOptions& options) {
  std::vector<std::string> missing;
  const auto check = [&missing](const char* what, int result) {
    if (result == 0) return;
    missing.push_back(std::string(what) + ": " + std::generic_category().message(errno));
  };
  ::umask(077);
  const rlimit none{0, 0};
  check("core dumps cannot be forbidden", ::setrlimit(RLIMIT_CORE, &none));
  check("capabilities cannot be dropped", drop_capabilities());
  check("the memory cannot be hidden", ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
  // Without it neither filter nor Landlock is for the unprivileged.
  check("new privileges cannot be forbidden", ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  for (auto& text : restrict_files(options.writable)) missing.push_back(std::move(text));
  for (auto& text : restrict_system_calls()) missing.push_back(std::move(text));
  return missing;
}

}  // namespace weir
