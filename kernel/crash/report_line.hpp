// SPDX-License-Identifier: Apache-2.0
//
// A line of a crash report in the making: of fixed size, and safe to make in a signal handler.
//
// Thread: any; async-signal-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

class ReportLine {
 public:
  // Begins with the time and the level, as lines of the log do; in JSON where the log is.
  explicit ReportLine(bool json);

  ReportLine& operator<<(std::string_view text);  // escapes all that is not plain ASCII
  ReportLine& operator<<(const char* text) { return *this << std::string_view(text); }
  ReportLine& decimal(uint64_t number);
  ReportLine& hex(uint64_t number);

  // Ends the line and writes it whole, or not at all; -1 is left out. May be called for several.
  void write_to(int descriptor) const;

 private:
  void put(char letter);
  void put_time();
  void put_number(uint64_t number, unsigned base, unsigned width);

  mutable std::array<char, 1000> bytes_;
  size_t size_ = 0;
  bool json_;
};

}  // namespace weir
