// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include <sys/stat.h>

// What tells one content of a path from the next without reading it.
struct FileStamp {
  uint64_t device = 0, inode = 0;
  int64_t size = -1, seconds = 0, nanoseconds = 0;     // -1: there is no such file
  int64_t status_seconds = 0, status_nanoseconds = 0;  // of its owner and mode, too

  static FileStamp of(const std::string& path) {
    struct stat found {};
    if (path.empty() || stat(path.c_str(), &found) != 0) return {};
    return {found.st_dev,          found.st_ino,         found.st_size,        found.st_mtim.tv_sec,
            found.st_mtim.tv_nsec, found.st_ctim.tv_sec, found.st_ctim.tv_nsec};
  }
  friend auto operator<=>(const FileStamp&, const FileStamp&) = default;
};
