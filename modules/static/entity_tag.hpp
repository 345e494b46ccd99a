// SPDX-License-Identifier: Apache-2.0
//
// The strong entity tag of a file: time of change to the nanosecond, size, and the coding, since
// each coded form is a representation of its own. No inode: two machines with the same files agree.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string_view>

class EntityTag {
 public:
  EntityTag(const timespec& modified, uint64_t size, std::string_view coding) {
    const auto time = static_cast<unsigned long long>(modified.tv_sec) * 1'000'000'000 +
                      static_cast<unsigned long long>(modified.tv_nsec);
    size_ = static_cast<size_t>(std::snprintf(text_.data(), text_.size(), "\"%llx-%llx%s%.*s\"",
                                              time, static_cast<unsigned long long>(size),
                                              coding.empty() ? "" : "-",
                                              static_cast<int>(coding.size()), coding.data()));
  }
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 48> text_;  // two numbers of 16 digits, a coding of up to 10 letters
  size_t size_;
};
