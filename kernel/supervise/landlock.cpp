// SPDX-License-Identifier: Apache-2.0
#include "supervise/landlock.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <linux/landlock.h>
#include <unistd.h>

namespace weir {
namespace {

// The C library has no functions for these, and the numbers are the same on all architectures.
constexpr long create_ruleset = 444;
constexpr long add_rule = 445;
constexpr long restrict_self = 446;

constexpr uint64_t refer = 1U << 13;     // since version 2: files may change their folder
constexpr uint64_t truncate = 1U << 14;  // since version 3
constexpr uint64_t signals = 1U << 1;    // since version 6

constexpr uint64_t never =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK;
constexpr uint64_t writing = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                             LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                             LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                             LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM;

std::string failure(const std::string& what) {
  return what + " (Landlock): " + std::generic_category().message(errno);
}

class Ruleset {
 public:
  // `files` is refused from now on unless it is allowed below some folder.
  Ruleset(long version, uint64_t files) {
    const struct { uint64_t files, network, scoped; } handled{files, 0, signals};
    const size_t size = version >= 6 ? sizeof handled : sizeof handled.files;
    fd_ = static_cast<int>(::syscall(create_ruleset, &handled, size, 0));
  }
  ~Ruleset() {
    if (fd_ >= 0) ::close(fd_);
  }
  Ruleset(const Ruleset&) = delete;
  Ruleset& operator=(const Ruleset&) = delete;

  bool good() const { return fd_ >= 0; }

  bool allow(const std::string& folder, uint64_t access) {
    const int fd = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    const landlock_path_beneath_attr rule{access, fd};
    const bool added = ::syscall(add_rule, fd_, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    const int reason = errno;
    ::close(fd);
    errno = reason;
    return added;
  }

  bool enforce() { return ::syscall(restrict_self, fd_, 0) == 0; }

 private:
  int fd_;
};

// What can be allowed again below a folder.
uint64_t grantable(long version) {
  return writing | (version >= 2 ? refer : 0) | (version >= 3 ? truncate : 0);
}

}  // namespace

std::vector<std::string> restrict_files(const std::vector<std::string>& writable) {
  std::vector<std::string> missing;
  const long version = ::syscall(create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return {failure("files cannot be restricted")};
  // Version 1 keeps every file in its folder, restricted or not, which breaks programs.
  if (version < 2 && writable.empty()) {
    return {
        "starting programs is restricted by seccomp alone: Landlock of this kernel is of "
        "version 1"};
  }
  // Files may move between folders only where that is said to be allowed.
  const uint64_t grants = grantable(version);
  Ruleset rules(version, writable.empty() ? never | refer : never | grants);
  if (!rules.good()) return {failure("files cannot be restricted")};
  if (writable.empty()) {
    if (!rules.allow("/", refer)) missing.push_back(failure("files cannot change their folder"));
  } else {
    rules.allow("/dev", LANDLOCK_ACCESS_FS_WRITE_FILE | (grants & truncate));
    for (const auto& folder : writable) {
      if (rules.allow(folder, grants)) continue;
      missing.push_back(failure("nothing can be written to " + folder));
    }
    if (version < 3) {
      missing.emplace_back(
          "emptying files is not restricted: Landlock of this kernel is older than version 3");
    }
  }
  if (!rules.enforce()) missing.push_back(failure("files cannot be restricted"));
  return missing;
}

}  // namespace weir
