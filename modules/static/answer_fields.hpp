// SPDX-License-Identifier: Apache-2.0
//
// The fields of one answer, gathered in place; names and values are views. One without a value is
// left out.
#pragma once

#include <weir/module.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

class AnswerFields {
 public:
  void add(const weir::Header& header, std::string_view value) {
    if (!value.empty()) fields_[count_++] = weir::field(header, value);
  }
  std::span<const weir_field> all() const { return {fields_.data(), count_}; }

 private:
  std::array<weir_field, 10> fields_{};
  size_t count_ = 0;
};
