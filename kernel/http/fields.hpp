// SPDX-License-Identifier: Apache-2.0
//
// The field lines of one head, in the order they came.
//
// Rows are `weir_field`, so that modules read them where they lie. Names and values are views: a
// head is parsed without copying and written again from the same bytes. The first row of each
// well-known name is indexed by its id, which makes the common question, "is there one, and what
// does it say", one load.
//
// Promise: order is kept by every change. Rows and what they point to live as long as the arena.
//
// Thread: the owner of the arena.
#pragma once

#include <weir/module.h>

#include "base/arena.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace weir {

class Fields {
 public:
  static constexpr size_t first_rows = 32;  // taken at once, with the first line

  Fields() = default;  // Expects: `add` and `set` only after an arena was given
  explicit Fields(Arena& arena) : arena_(&arena) {}
  Fields(const Fields&) = delete;  // two owners of the same rows would change each other's
  Fields& operator=(const Fields&) = delete;
  ~Fields() = default;
  Fields(Fields&&) = default;
  Fields& operator=(Fields&&) = default;

  std::span<const weir_field> rows() const { return rows_.first(size_); }
  size_t size() const { return size_; }

  bool has(uint32_t id) const { return first(id) != nullptr; }
  size_t count(uint32_t id) const;

  // The first value; a null view when there is none (an empty value is not null). Expects: id is
  // not 0.
  std::string_view get(uint32_t id) const;
  std::string_view find(std::string_view lower_case_name) const;

  // False when the arena is exhausted; then nothing changed. Views, not copies: name and value last
  // as long as the arena. The grammar is the caller's to check. `set` keeps the place of the first
  // line.
  bool add(uint32_t id, std::string_view name, std::string_view value);
  bool set(uint32_t id, std::string_view name, std::string_view value);

  // How many lines went.
  size_t remove(uint32_t id);
  template <class Claim>
  size_t remove_if(Claim claim);

  // Takes the lines of another head, not its texts. False when the arena is exhausted. Expects:
  // empty.
  bool copy_rows(const Fields& from);

 private:
  static constexpr uint8_t beyond = 255;  // the first row is this far down or further: search

  weir_field* first(uint32_t id) const;
  weir_field* search(uint32_t id, size_t from) const;
  bool grow(size_t rows);
  void index(uint32_t id, size_t row);
  void index_again();

  Arena* arena_ = nullptr;
  std::span<weir_field> rows_;
  size_t size_ = 0;
  std::array<uint8_t, WEIR_H_COUNT> first_{};  // row + 1; 0: none
};

inline weir_field* Fields::first(uint32_t id) const {
  if (id >= WEIR_H_COUNT) return search(id, 0);
  const uint8_t row = first_[id];
  if (row == 0) return nullptr;
  return row == beyond ? search(id, beyond - 1) : &rows_[row - 1u];
}

inline std::string_view Fields::get(uint32_t id) const {
  const weir_field* const row = first(id);
  if (row == nullptr) return {};
  return {row->value.p, row->value.n};
}

inline void Fields::index(uint32_t id, size_t row) {
  if (id == 0 || id >= WEIR_H_COUNT || first_[id] != 0) return;
  first_[id] = static_cast<uint8_t>(std::min<size_t>(row + 1, beyond));
}

inline bool Fields::add(uint32_t id, std::string_view name, std::string_view value) {
  if (size_ == rows_.size() && !grow(size_ + 1)) return false;
  rows_[size_] = {{name.data(), name.size()}, {value.data(), value.size()}, id, 0};
  index(id, size_++);
  return true;
}

template <class Claim>
size_t Fields::remove_if(Claim claim) {
  const auto lines = rows_.first(size_);
  const auto end = std::remove_if(lines.begin(), lines.end(), claim);
  const auto gone = static_cast<size_t>(lines.end() - end);
  if (gone == 0) return 0;
  size_ -= gone;
  index_again();
  return gone;
}

}  // namespace weir
