// SPDX-License-Identifier: Apache-2.0
#include "crash/report_line.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <poll.h>
#include <sys/poll.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too
#include <unistd.h>

namespace weir {
namespace {

constexpr std::string_view digits = "0123456789abcdef";
constexpr size_t ending = 3;       // "}\n, with the quote before it
constexpr int longest_wait = 200;  // ms

}  // namespace

ReportLine::ReportLine(bool json) : json_(json) {
  for (const char letter : std::string_view(json ? R"({"time":")" : "")) put(letter);
  put_time();
  for (const char letter :
       std::string_view(json ? R"(","level":"error","message":")" : " error  ")) {
    put(letter);
  }
}

void ReportLine::put(char letter) {
  if (size_ + ending < bytes_.size()) bytes_[size_++] = letter;
}

void ReportLine::put_number(uint64_t number, unsigned base, unsigned width) {
  std::array<char, 20> reversed;
  size_t count = 0;
  do {
    reversed[count++] = digits[number % base];
    number /= base;
  } while (number > 0 && count < reversed.size());
  for (size_t i = count; i < width; ++i) put('0');
  while (count > 0) put(reversed[--count]);
}

// gmtime may lock, the calendar of <chrono> only counts.
void ReportLine::put_time() {
  namespace chrono = std::chrono;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const chrono::sys_seconds seconds{chrono::seconds(now.tv_sec)};
  const auto day = chrono::floor<chrono::days>(seconds);
  const chrono::year_month_day date{day};
  const chrono::hh_mm_ss clock{seconds - day};
  put_number(static_cast<uint64_t>(static_cast<int>(date.year())), 10, 4);
  put('-');
  put_number(static_cast<unsigned>(date.month()), 10, 2);
  put('-');
  put_number(static_cast<unsigned>(date.day()), 10, 2);
  put('T');
  put_number(static_cast<uint64_t>(clock.hours().count()), 10, 2);
  put(':');
  put_number(static_cast<uint64_t>(clock.minutes().count()), 10, 2);
  put(':');
  put_number(static_cast<uint64_t>(clock.seconds().count()), 10, 2);
  put('.');
  put_number(static_cast<uint64_t>(now.tv_nsec / 1'000'000), 10, 3);
  put('Z');
}

ReportLine& ReportLine::operator<<(std::string_view text) {
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 0x20 || byte >= 0x7f || byte == '\\') {
      // In JSON the backslash needs one itself.
      for (const char part : std::string_view(json_ ? "\\\\x" : "\\x")) put(part);
      put(digits[byte >> 4]);
      put(digits[byte & 15]);
    } else {
      if (json_ && letter == '"') put('\\');
      put(letter);
    }
  }
  return *this;
}

ReportLine& ReportLine::decimal(uint64_t number) {
  put_number(number, 10, 1);
  return *this;
}

ReportLine& ReportLine::hex(uint64_t number) {
  put_number(number, 16, 1);
  return *this;
}

void ReportLine::write_to(int descriptor) const {
  size_t size = size_;
  if (json_) {
    bytes_[size++] = '"';
    bytes_[size++] = '}';
  }
  bytes_[size++] = '\n';
  // A reader that has stopped reading must not keep a broken process alive.
  pollfd asked{descriptor, POLLOUT, 0};
  if (descriptor < 0 || ::poll(&asked, 1, longest_wait) != 1) return;
  [[maybe_unused]] const auto written = ::write(descriptor, bytes_.data(), size);
}

}  // namespace weir
