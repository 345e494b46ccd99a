// SPDX-License-Identifier: Apache-2.0
#include "conf/place.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace weir::conf {

Source::Source(std::string name, std::string folder, std::string text)
    : name_(std::move(name)), folder_(std::move(folder)), text_(std::move(text)) {
  starts_.push_back(0);
  for (size_t at = text_.find('\n'); at != std::string::npos; at = text_.find('\n', at + 1)) {
    starts_.push_back(at + 1);
  }
}

std::string_view Source::line(uint32_t number) const {
  if (number == 0 || number > starts_.size()) return {};
  const size_t begin = starts_[number - 1];
  size_t end = number < starts_.size() ? starts_[number] - 1 : text_.size();
  if (end > begin && text_[end - 1] == '\r') --end;
  return std::string_view{text_}.substr(begin, end - begin);
}

size_t Source::offset(uint32_t line_number, uint32_t column) const {
  if (line_number == 0 || line_number > starts_.size()) return text_.size();
  const std::string_view text = line(line_number);
  uint32_t seen = 0;
  size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (begins && ++seen == column) break;
  }
  return starts_[line_number - 1] + at;
}

std::string Place::text() const {
  if (source == nullptr) return {};
  return line == 0 ? source->name() : source->name() + ":" + std::to_string(line);
}

uint32_t code_points(std::string_view text) {
  return static_cast<uint32_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto more = [&](size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return more(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool fits = more(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF);
    return fits && more(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool fits = more(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF);
    return fits && more(2) && more(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace weir::conf
