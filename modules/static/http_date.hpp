// SPDX-License-Identifier: Apache-2.0
//
// Times as HTTP writes them (RFC 9110, 5.6.7): one form is written, three are read. Seconds since
// 1970, no locale, no time zone but GMT.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace http_date {

inline constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
inline constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed",
                                                      "Thu", "Fri", "Sat"};

using Text = std::array<char, 30>;  // "Sun, 06 Nov 1994 08:49:37 GMT" and its end

inline std::string_view format(int64_t seconds, Text& room) {
  const std::chrono::sys_seconds time{std::chrono::seconds{seconds}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  const auto two = [](char* at, int value) {
    at[0] = static_cast<char>('0' + value / 10);
    at[1] = static_cast<char>('0' + value % 10);
  };
  const auto word = [](char* at, std::string_view text) { text.copy(at, text.size()); };
  char* at = room.data();
  word(at, "Sun, 00 Jan 0000 00:00:00 GMT");
  word(at, http_date::days[std::chrono::weekday{day}.c_encoding()]);
  two(at + 5, static_cast<int>(static_cast<unsigned>(date.day())));
  word(at + 8, months[static_cast<unsigned>(date.month()) - 1]);
  const int year = static_cast<int>(date.year());
  two(at + 12, year / 100 % 100);
  two(at + 14, year % 100);
  two(at + 17, static_cast<int>(clock.hours().count()));
  two(at + 20, static_cast<int>(clock.minutes().count()));
  two(at + 23, static_cast<int>(clock.seconds().count()));
  return {at, 29};
}

// Takes the parts of a date from the front; once one is wrong, all that follow are.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Reader& word(std::string_view expected) {
    good_ = good_ && text_.starts_with(expected);
    if (good_) text_.remove_prefix(expected.size());
    return *this;
  }
  Reader& number(int digits, int& out) {
    good_ = good_ && text_.size() >= static_cast<size_t>(digits);
    out = 0;
    for (int i = 0; good_ && i < digits; ++i) {
      const char c = text_[static_cast<size_t>(i)];
      good_ = c >= '0' && c <= '9';
      out = out * 10 + (c - '0');
    }
    if (good_) text_.remove_prefix(static_cast<size_t>(digits));
    return *this;
  }
  Reader& month(int& out) {
    const auto name = text_.substr(0, 3);
    for (size_t i = 0; i < months.size(); ++i) {
      if (months[i] == name) {
        out = static_cast<int>(i) + 1;
        return word(name);
      }
    }
    good_ = false;
    return *this;
  }
  Reader& clock(int& hour, int& minute, int& second) {
    return number(2, hour).word(":").number(2, minute).word(":").number(2, second);
  }
  // A name of a day: three letters, or all of them up to the comma.
  Reader& day_name() {
    const auto short_name = text_.substr(0, 3);
    good_ = good_ && std::ranges::find(days, short_name) != days.end();
    const size_t end = text_.find_first_of(", ");
    good_ = good_ && end != text_.npos;
    if (good_) text_.remove_prefix(end);
    return *this;
  }
  bool starts(char c) const { return good_ && text_.starts_with(c); }
  bool ended() const { return good_ && text_.empty(); }

 private:
  std::string_view text_;
  bool good_ = true;
};

struct Parts {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;

  std::optional<int64_t> seconds() const {
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    // 60 is a leap second.
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) return {};
    const std::chrono::sys_seconds midnight{std::chrono::sys_days{date}};
    return midnight.time_since_epoch().count() + int64_t{hour} * 3600 + int64_t{minute} * 60 +
           second;
  }
};

// "Nov  6 08:49:37 1994", what C's asctime gives.
inline bool read_asctime(Reader& reader, Parts& parts) {
  reader.word(" ").month(parts.month).word(" ");
  if (reader.starts(' ')) {
    reader.word(" ").number(1, parts.day);
  } else {
    reader.number(2, parts.day);
  }
  reader.word(" ").clock(parts.hour, parts.minute, parts.second);
  return reader.word(" ").number(4, parts.year).ended();
}

// "06-Nov-94 08:49:37 GMT" of RFC 850: a year that would lie 50 years ahead is of the past century.
inline bool read_rfc850(Reader& reader, Parts& parts) {
  reader.word("-").month(parts.month).word("-").number(2, parts.year);
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  const int this_year = static_cast<int>(std::chrono::year_month_day{today}.year());
  parts.year += this_year / 100 * 100;
  if (parts.year > this_year + 50) parts.year -= 100;
  reader.word(" ").clock(parts.hour, parts.minute, parts.second);
  return reader.word(" GMT").ended();
}

inline std::optional<int64_t> parse(std::string_view text) {
  Reader reader{text};
  Parts parts;
  reader.day_name();
  if (!reader.starts(',')) return read_asctime(reader, parts) ? parts.seconds() : std::nullopt;
  reader.word(", ").number(2, parts.day);
  if (reader.starts('-')) return read_rfc850(reader, parts) ? parts.seconds() : std::nullopt;
  reader.word(" ").month(parts.month).word(" ").number(4, parts.year).word(" ");
  const bool whole = reader.clock(parts.hour, parts.minute, parts.second).word(" GMT").ended();
  return whole ? parts.seconds() : std::nullopt;
}

}  // namespace http_date
