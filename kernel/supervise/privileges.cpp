// SPDX-License-Identifier: Apache-2.0
#include "supervise/privileges.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

#include <grp.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace weir {
namespace {

constexpr std::array needed{CAP_NET_BIND_SERVICE, CAP_SETUID, CAP_SETGID, CAP_KILL,
                            CAP_DAC_OVERRIDE};

struct Account {
  uid_t user;
  gid_t group;
};

std::optional<Account> account_of(const std::string& name) {
  const passwd* const found = ::getpwnam(name.c_str());  // NOLINT(concurrency-mt-unsafe)
  if (found == nullptr) return {};
  return Account{found->pw_uid, found->pw_gid};
}

#ifdef __SANITIZE_ADDRESS__
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

bool wanted(const std::string& user) { return !user.empty() && ::geteuid() == 0; }

// Those of `mask` that the process has; there is no wrapper for it in the C library.
bool limit_capabilities(uint64_t mask) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  for (auto& set : sets) {
    const auto part = static_cast<uint32_t>(mask);
    set.permitted &= part;
    set.effective &= part;
    set.inheritable &= part;
    mask >>= 32;
  }
  return ::syscall(SYS_capset, &header, sets.data()) == 0;
}

}  // namespace

std::string give_up_root(const std::string& user) {
  if (!wanted(user)) return {};
  const auto account = account_of(user);
  if (!account) return "cannot become the user '" + user + "': there is none";
  const rlimit none{};
  const bool done = ::initgroups(user.c_str(), account->group) == 0 &&
                    ::setresgid(account->group, account->group, account->group) == 0 &&
                    ::setresuid(account->user, account->user, account->user) == 0 &&
                    (account->user == 0 || limit_capabilities(0)) &&
                    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
                    ::setrlimit(RLIMIT_CORE, &none) == 0;
  if (!done) {
    return "cannot become the user '" + user + "': " + std::generic_category().message(errno);
  }
  ::umask(077);
  return {};
}

void hide_memory() {
  if (!sanitized) ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void keep_needed_capabilities() {
  uint64_t mask = 0;
  for (const int each : needed) mask |= uint64_t{1} << each;
  limit_capabilities(mask);
}

ActingAs::ActingAs(const std::string& user) {
  if (!wanted(user)) return;
  const auto account = account_of(user);
  if (!account) return;
  acting_ = ::setegid(account->group) == 0 && ::seteuid(account->user) == 0;
}

ActingAs::~ActingAs() {
  if (!acting_) return;
  [[maybe_unused]] const auto user = ::seteuid(0);  // cannot fail: the real user is root
  [[maybe_unused]] const auto group = ::setegid(0);
}

}  // namespace weir
