// SPDX-License-Identifier: Apache-2.0
#include "crash/images.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <elf.h>
#include <link.h>

namespace weir {
namespace {

void name(MappedImage& image, std::string_view path) {
  path = path.empty() ? "weir" : path.substr(path.find_last_of('/') + 1);
  path = path.substr(0, image.name.size() - 1);
  std::fill(image.name.begin(), image.name.end(), '\0');
  std::copy(path.begin(), path.end(), image.name.begin());
}

}  // namespace

void MappedImages::note() {
  Table& table =
      current_.load(std::memory_order_relaxed) == tables_.data() ? tables_[1] : tables_[0];
  table.count = 0;
  const auto add = [](dl_phdr_info* info, size_t, void* data) {
    Table& to = *static_cast<Table*>(data);
    for (size_t i = 0; i < info->dlpi_phnum && to.count < most; ++i) {
      const auto& part = info->dlpi_phdr[i];
      if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
      MappedImage& image = to.images[to.count++];
      image.base = info->dlpi_addr;
      image.begin = info->dlpi_addr + part.p_vaddr;
      image.end = image.begin + part.p_memsz;
      name(image, info->dlpi_name == nullptr ? "" : info->dlpi_name);
    }
    return 0;
  };
  ::dl_iterate_phdr(add, &table);
  current_.store(&table, std::memory_order_release);
}

const MappedImage* MappedImages::find(uintptr_t address) const {
  const Table* const table = current_.load(std::memory_order_acquire);
  if (table == nullptr) return nullptr;
  for (size_t i = 0; i < table->count; ++i) {
    const MappedImage& image = table->images[i];
    if (address >= image.begin && address < image.end) return &image;
  }
  return nullptr;
}

}  // namespace weir
