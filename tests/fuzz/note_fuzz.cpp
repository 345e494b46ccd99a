// SPDX-License-Identifier: Apache-2.0
//
// Module files and notes as foreign data: no bytes may make the readers look outside of them.
#include "base/contract.hpp"
#include "module/elf.hpp"
#include "module/note.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

using weir::expects;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto note = weir::parse_note(text)) {
    expects(weir::is_module_name(note->name), "a note that is taken has a good name");
    expects(note->major > 0 && !note->version.empty(), "a note that is taken is whole");
  }
  const auto elf = weir::Elf::parse(text);
  if (!elf) return 0;
  if (const auto note = weir::read_note(*elf)) {
    expects(weir::is_module_name(note->name), "a file that is taken has a good name");
  }
  static_cast<void>(elf->symbols());
  static_cast<void>(elf->needed_versions());
  return 0;
}
