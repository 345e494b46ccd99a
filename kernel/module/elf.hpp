// SPDX-License-Identifier: Apache-2.0
//
// Reads an ELF64 shared object as data, so that a module's note and symbols are known before the
// dynamic linker runs any of its code.
//
// The file is foreign: every offset and count is checked against its bytes before use, and what
// lies outside is treated as absent. Only files for the machine this runs on are taken.
//
// Thread: any.
#pragma once

#include "module/refusal.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <elf.h>

namespace weir {

using FileBytes = std::span<const char>;

class Elf {
 public:
  // `file` outlives the result. The refusal's text has no path in front.
  static Loaded<Elf> parse(FileBytes file);

  // Calls `see(owner, type, description)` for each note of the loaded segments until it returns
  // true.
  template <class See>
  void each_note(See&& see) const {
    for (const FileBytes segment : note_segments()) {
      for (size_t at = 0; at < segment.size();) {
        const auto note = note_at(segment, at);
        if (!note || see(note->owner, note->type, note->description)) return;
        at = note->next;
      }
    }
  }

  struct Symbol {
    std::string name;
    bool defined;
    bool unique;  // STB_GNU_UNIQUE
  };
  // Of the dynamic symbol table; local ones are left out.
  std::vector<Symbol> symbols() const;

  // Version names it needs of libraries, such as "GLIBC_2.34".
  std::vector<std::string> needed_versions() const;

 private:
  struct NoteEntry {
    std::string_view owner;
    uint32_t type;
    std::string_view description;
    size_t next;
  };

  explicit Elf(FileBytes file) : file_(file) {}

  template <class T>
  static std::optional<T> read(FileBytes from, uint64_t at) {
    if (at > from.size() || from.size() - at < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, from.data() + at, sizeof value);
    return value;
  }

  FileBytes slice(uint64_t at, uint64_t size) const;
  std::vector<FileBytes> note_segments() const;
  static std::optional<NoteEntry> note_at(FileBytes segment, size_t at);
  std::vector<Elf64_Shdr> sections() const;
  static std::string text_at(FileBytes table, uint64_t at);
  static void add_versions(FileBytes table, FileBytes texts, std::vector<std::string>& to);

  FileBytes file_;
  Elf64_Ehdr head_{};
};

}  // namespace weir
