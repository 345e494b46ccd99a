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

  // What was read was not good. It is tried again at each look: two files that change one after the
  // other do not fit for a moment, and what keeps them from being read may end without a trace on
  // them. True at the second failure since a change, which is to be told.
  bool failed() {
    if (failures_ == told_at) return false;
    ++failures_;
    return failures_ == told_at;
  }
  void succeeded() { failures_ = 0; }
  // Whether to read them: they have changed, or were not good at the last look.
  bool due() {
    if (!changed()) return failures_ > 0;
    failures_ = 0;
    return true;
  }

 private:
  static constexpr int told_at = 2;

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
