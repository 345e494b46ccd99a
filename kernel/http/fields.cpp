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

weir_field* Fields::search(uint32_t id, size_t from) const {
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

std::string_view Fields::find(std::string_view lower_case_name) const {
  for (const weir_field& row : rows()) {
    if (equal_ignoring_case(as_view(row.name), lower_case_name)) return as_view(row.value);
  }
  return {};
}

void Fields::index_again() {
  first_.fill(0);
  for (size_t row = 0; row < size_; ++row) index(rows_[row].id, row);
}

bool Fields::grow(size_t rows) {
  expects(arena_ != nullptr, "fields have an arena");
  const size_t count = std::max({first_rows, rows, rows_.size() * 2});
  auto* const at = arena_->allocate(count * sizeof(weir_field), alignof(weir_field));
  if (at == nullptr) return false;
  const std::span<weir_field> larger{static_cast<weir_field*>(at), count};
  std::uninitialized_copy_n(rows_.begin(), size_, larger.begin());
  rows_ = larger;
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
  expects(size_ == 0, "a head without lines");
  if (rows_.size() < from.size_ && !grow(from.size_)) return false;
  std::copy_n(from.rows_.begin(), from.size_, rows_.begin());
  size_ = from.size_;
  first_ = from.first_;
  return true;
}

}  // namespace weir
