// SPDX-License-Identifier: Apache-2.0
//
// The lines around the parts of a multipart/byteranges body (RFC 9110, 14.6), and Content-Range.
#pragma once

#include "byte_ranges.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <string_view>

// 64 random bits, so that no file is likely to hold the line that ends its own part.
class Boundary {
 public:
  explicit Boundary(uint64_t bits) {
    std::snprintf(text_.data(), text_.size(), "weir-%016llx",
                  static_cast<unsigned long long>(bits));
  }
  std::string_view view() const { return {text_.data(), text_.size() - 1}; }

 private:
  std::array<char, 22> text_;
};

// Text of a few numbers, made in place.
class ShortText {
 public:
  std::string_view view() const { return {text_.data(), size_}; }

  static ShortText content_range(const ByteRange& range, uint64_t size) {
    ShortText out;
    out.print("bytes %llu-%llu/%llu", range.first, range.last, size);
    return out;
  }
  static ShortText no_range(uint64_t size) {
    ShortText out;
    out.print("bytes */%llu", size);
    return out;
  }

 private:
  template <class... Numbers>
  void print(const char* format, Numbers... numbers) {
    size_ = static_cast<size_t>(std::snprintf(text_.data(), text_.size(), format,
                                              static_cast<unsigned long long>(numbers)...));
  }

  std::array<char, 72> text_;  // three numbers of 20 digits and what is between
  size_t size_ = 0;
};
