// SPDX-License-Identifier: Apache-2.0
//
// What a module says of itself in its ELF note, read without running or mapping it as code: loading
// a shared object runs its constructors, so tools and the loader ask the note first.
//
// Thread: any.
#pragma once

#include "module/elf.hpp"
#include "module/refusal.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace weir {

struct Note {
  uint32_t major = 0;  // of the ABI
  uint32_t needs = 0;  // the least minor of the kernel
  std::string name;
  std::string version;
  std::vector<std::string> kinds;
};

// The text of the note: "abi=1 needs=0 name=hello version=1.0 kinds=weir.http-filter/1".
// Words with a label that is not known here are passed over.
Loaded<Note> parse_note(std::string_view text);

Loaded<Note> read_note(const Elf& elf);

// Whether this kernel can load such a module.
Loaded<Note> accept_note(Note note);

// At most 64 bytes of a to z, 0 to 9 and "_", a letter first: file, config and component names.
bool is_module_name(std::string_view name);

}  // namespace weir
