// SPDX-License-Identifier: Apache-2.0
//
// Writes one JSON object, a member a line, for people as much as for programs.
//
// Whatever bytes a value holds, the result is valid and pure ASCII: a byte beyond it is written as
// the character of that number, so nothing is lost.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Appends `text` in quotes.
void append_quoted(std::string_view text, std::string& to);

class JsonObject {
 public:
  explicit JsonObject(std::string& to);

  void text(std::string_view name, std::string_view value);
  void number(std::string_view name, uint64_t value);
  // A member that is a list of pairs, one a line: open, any number of pairs, close.
  void open(std::string_view name);
  void pair(std::string_view first, std::string_view second);
  void close();
  void end();

 private:
  void name(std::string_view name);
  void separate(bool& first) const;

  std::string& to_;
  bool first_ = true;
  bool first_pair_ = true;
};
