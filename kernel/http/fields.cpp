// SPDX-License-Identifier: Apache-2.0
#include "http/fields.hpp"

#include <weir/module.h>

#include "base/contract.hpp"
#include "http/grammar.hpp"
#include "http/names.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace weir {

weir_field* Fields::first(uint32_t id) const {
  size_t from = 0;
  if (id < WEIR_H_COUNT) {
    const uint8_t row = first_[id];
    if (row == 0) return nullptr;
    if (row != beyond) return &rows_[row - 1u];
    from = beyond - 1;
  }
  const auto lines = rows_.subspan(from, size_ - from);
  const auto found =
      std::find_if(lines.begin(), lines.end(), [id](auto& row) { return row.id == id; });
  return found == lines.end() ? nullptr : &*found;
}

size_t Fields::count(uint32_t id) const {
  if (!has(id)) return 0;
  const auto same =
      std::count_if(rows().begin(), rows().end(), [id](auto& row) { return row.id == id; });
  return static_cast<size_t>(same);
}

std::string_view Fields::get(uint32_t id) const {
  const weir_field* const row = first(id);
  return row == nullptr ? std::string_view{} : as_view(row->value);
}

std::string_view Fields::find(std::string_view lower_case_name) const {
  for (const weir_field& row : rows()) {
    if (equal_ignoring_case(as_view(row.name), lower_case_name)) return as_view(row.value);
  }
  return {};
}

void Fields::index(uint32_t id, size_t row) {
  if (id == 0 || id >= WEIR_H_COUNT || first_[id] != 0) return;
  first_[id] = static_cast<uint8_t>(std::min<size_t>(row + 1, beyond));
}

void Fields::index_again() {
  first_.fill(0);
  for (size_t row = 0; row < size_; ++row) index(rows_[row].id, row);
}

bool Fields::room_for_one() {
  if (size_ < rows_.size()) return true;
  expects(arena_ != nullptr, "fields have an arena");
  const size_t count = std::max(first_rows, rows_.size() * 2);
  auto* const at = arena_->allocate(count * sizeof(weir_field), alignof(weir_field));
  if (at == nullptr) return false;
  const std::span<weir_field> larger{static_cast<weir_field*>(at), count};
  std::uninitialized_copy_n(rows_.begin(), size_, larger.begin());
  rows_ = larger;
  return true;
}

bool Fields::add(uint32_t id, std::string_view name, std::string_view value) {
  if (!room_for_one()) return false;
  rows_[size_] = weir_field{as_str(name), as_str(value), id, 0};
  index(id, size_++);
  return true;
}

bool Fields::set(uint32_t id, std::string_view name, std::string_view value) {
  weir_field* const row = first(id);
  if (row == nullptr) return add(id, name, value);
  row->name = as_str(name);
  row->value = as_str(value);
  if (count(id) > 1) remove_if([id, row](const weir_field& x) { return x.id == id && &x != row; });
  return true;
}

size_t Fields::remove(uint32_t id) {
  if (!has(id)) return 0;
  return remove_if([id](const weir_field& row) { return row.id == id; });
}

bool Fields::copy_rows(const Fields& from) {
  return std::all_of(from.rows().begin(), from.rows().end(), [this](const weir_field& row) {
    return add(row.id, as_view(row.name), as_view(row.value));
  });
}

}  // namespace weir
