// SPDX-License-Identifier: Apache-2.0
//
// Names whose values must not stand in a log: of fields, query keys and cookies alike. The fields
// that always carry credentials are among them whatever the conf file says. An escaped or upper
// case name is the same name, as it is for most applications.
//
// Thread: any, once built.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

class Redaction {
 public:
  static constexpr std::string_view mark = "***";

  void add(std::string_view name) {
    std::string lower{name};
    std::ranges::transform(lower, lower.begin(), lowered);
    names_.push_back(std::move(lower));
  }

  bool hides(std::string_view name) const {
    return std::ranges::any_of(always, [&](std::string_view each) { return same(name, each); }) ||
           std::ranges::any_of(names_, [&](const std::string& each) { return same(name, each); });
  }

  // Gives the query to `emit` in parts, with marks for the values that are hidden.
  template <class Emit>
  void query(std::string_view text, const Emit& emit) const {
    size_t shown = 0;  // up to here it was emitted
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find_first_of("&;", begin), text.size());
      const size_t equals = std::min(text.find('=', begin), end);
      if (equals < end && hides(text.substr(begin, equals - begin))) {
        emit(text.substr(shown, equals + 1 - shown));
        emit(mark);
        shown = end;
      }
      begin = end + 1;
    }
    emit(text.substr(shown));
  }

  // The same for a whole URL.
  template <class Emit>
  void url(std::string_view text, const Emit& emit) const {
    const size_t question = text.find('?');
    emit(text.substr(0, question));
    if (question == text.npos) return;
    emit(text.substr(question, 1));
    query(text.substr(question + 1), emit);
  }

 private:
  static constexpr std::array<std::string_view, 4> always{"authorization", "proxy-authorization",
                                                          "cookie", "set-cookie"};

  static char lowered(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
  }

  static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char low = lowered(c);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
  }

  static char take(std::string_view& name) {
    if (name.front() == '%' && name.size() >= 3 && digit(name[1]) >= 0 && digit(name[2]) >= 0) {
      const int byte = digit(name[1]) * 16 + digit(name[2]);
      name.remove_prefix(3);
      return static_cast<char>(byte);
    }
    const char c = name.front();
    name.remove_prefix(1);
    return c;
  }

  static bool same(std::string_view name, std::string_view lower) {
    for (const char expected : lower) {
      if (name.empty() || lowered(take(name)) != expected) return false;
    }
    return name.empty();
  }

  std::vector<std::string> names_;
};
