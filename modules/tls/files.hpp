// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "file_stamp.hpp"

#include <string>
#include <utility>
#include <vector>

// Files that are read together, and whether one of them has changed since the last look.
class WatchedFiles {
 public:
  // Empty paths are no files. Made before they are read, so that no change falls between.
  explicit WatchedFiles(std::vector<std::string> paths) : paths_(std::move(paths)) {
    stamps_ = look();
  }

  bool changed() {
    auto now = look();
    std::swap(now, stamps_);
    return now != stamps_;
  }

  // What was read was not good. It is tried again at the next look: two files that change one after
  // the other do not fit for a moment. True at the second failure in a row, which is to be told.
  bool failed() { return ++failures_ == 2; }
  void succeeded() { failures_ = 0; }
  // Whether to read them: they have changed, or did not fit a moment ago.
  bool due() {
    const bool again = failures_ == 1;
    if (!changed()) return again;
    failures_ = 0;
    return true;
  }

 private:
  std::vector<FileStamp> look() const {
    std::vector<FileStamp> stamps;
    stamps.reserve(paths_.size());
    for (const auto& path : paths_) stamps.push_back(FileStamp::of(path));
    return stamps;
  }

  std::vector<std::string> paths_;
  std::vector<FileStamp> stamps_;
  int failures_ = 0;
};
