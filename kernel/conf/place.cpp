// SPDX-License-Identifier: Apache-2.0
#include "conf/place.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace weir::conf {

namespace {

// RFC 3629, section 4: what begins a sequence, and the bounds of the byte behind it.
struct Utf8Form {
  unsigned first, last;
  size_t length;
  unsigned low, high;
};
constexpr std::array<Utf8Form, 8> utf8_forms{{{0x00, 0x7F, 1, 0, 0},
                                              {0xC2, 0xDF, 2, 0x80, 0xBF},
                                              {0xE0, 0xE0, 3, 0xA0, 0xBF},
                                              {0xE1, 0xEC, 3, 0x80, 0xBF},
                                              {0xED, 0xED, 3, 0x80, 0x9F},
                                              {0xEE, 0xEF, 3, 0x80, 0xBF},
                                              {0xF0, 0xF0, 4, 0x90, 0xBF},
                                              {0xF1, 0xF4, 4, 0x80, 0xBF}}};

}  // namespace

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
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto* form = std::ranges::find_if(utf8_forms, [&](const Utf8Form& each) {
    return byte(0) >= each.first && byte(0) <= each.last;
  });
  if (form == utf8_forms.end()) return 0;
  if (form->length > 1 && (byte(1) < form->low || byte(1) > form->high)) return 0;
  for (size_t i = 2; i < form->length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return form->length <= text.size() ? form->length : 0;
}

}  // namespace weir::conf
