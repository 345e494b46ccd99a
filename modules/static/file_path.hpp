// SPDX-License-Identifier: Apache-2.0
//
// The path of a file below the root, made from the path of a request.
//
// Each segment is decoded by itself and must be a plain name afterwards: no slash, no NUL, neither
// "." nor "..", and no leading dot unless hidden files are served. So the text can name nothing
// outside the root before the file system is asked, which is the first of two fences; the second
// is root_folder.hpp. Held in place, without allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>

// What follows the prefix. Nothing: the path lies outside. Empty: it is the prefix, without a
// slash.
inline std::optional<std::string_view> below_prefix(std::string_view path,
                                                    std::string_view prefix) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!path.starts_with(prefix)) return {};
  path.remove_prefix(prefix.size());
  if (!path.empty() && path.front() != '/') return {};
  return path;
}

class FilePath {
 public:
  // False: no file may be served under this path.
  bool assign(std::string_view request_path, bool hidden) {
    size_ = 0;
    folder_ = false;
    if (!request_path.starts_with('/')) return false;
    request_path.remove_prefix(1);
    for (;;) {
      const size_t slash = request_path.find('/');
      const bool last = slash == request_path.npos;
      const auto segment = request_path.substr(0, slash);
      if (last && segment.empty()) {
        folder_ = true;
        return true;
      }
      if (!add_segment(segment, hidden)) return false;
      if (last) return true;
      if (!append("/")) return false;
      request_path.remove_prefix(slash + 1);
    }
  }

  // Adds text as it is: an index file or the suffix of a coding.
  bool append(std::string_view text) {
    if (size_ + text.size() >= text_.size()) return false;
    std::memcpy(text_.data() + size_, text.data(), text.size());
    size_ += text.size();
    text_[size_] = '\0';
    return true;
  }
  void shorten(size_t size) {
    size_ = size;
    text_[size] = '\0';
  }

  bool folder() const { return folder_; }  // the path ended in a slash
  size_t size() const { return size_; }
  const char* c_str() const { return text_.data(); }
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  }

  // -1: the escape is broken, or stands for a byte that may not be escaped into a name.
  static int take_byte(std::string_view& segment) {
    const char c = segment.front();
    if (c != '%') {
      segment.remove_prefix(1);
      return c == '\0' ? -1 : static_cast<unsigned char>(c);
    }
    if (segment.size() < 3 || digit(segment[1]) < 0 || digit(segment[2]) < 0) return -1;
    const int byte = digit(segment[1]) * 16 + digit(segment[2]);
    segment.remove_prefix(3);
    return byte == '\0' || byte == '/' ? -1 : byte;
  }

  bool add_segment(std::string_view segment, bool hidden) {
    const size_t begin = size_;
    while (!segment.empty()) {
      const int byte = take_byte(segment);
      const char c = static_cast<char>(byte);
      if (byte < 0 || !append({&c, 1})) return false;
    }
    const auto name = view().substr(begin);
    if (name.empty() || name == "." || name == "..") return false;
    // RFC 8615 made the one folder with a dot that is meant to be public.
    return hidden || !name.starts_with('.') || (begin == 0 && name == ".well-known");
  }

  std::array<char, 4096> text_{};
  size_t size_ = 0;
  bool folder_ = false;
};
