// SPDX-License-Identifier: Apache-2.0
#include "module/elf.hpp"

#include "module/refusal.hpp"

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <elf.h>

namespace weir {

namespace {

constexpr unsigned char native_order =
    std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

#if defined(__x86_64__)
constexpr uint16_t native_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t native_machine = EM_AARCH64;
#elif defined(__riscv)
constexpr uint16_t native_machine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr uint16_t native_machine = EM_PPC64;
#elif defined(__s390x__)
constexpr uint16_t native_machine = EM_S390;
#else
#error "name this machine's ELF number here"
#endif

std::string machine_name(uint16_t machine) {
  switch (machine) {
    case EM_386:
      return "32-bit x86";
    case EM_ARM:
      return "32-bit ARM";
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "aarch64";
    case EM_RISCV:
      return "RISC-V";
    case EM_PPC64:
      return "ppc64";
    case EM_S390:
      return "s390x";
    default:
      return "machine type " + std::to_string(machine);
  }
}

// What a file that is no ELF file is, as far as its first bytes tell.
std::string guess(FileBytes file) {
  if (file.empty()) return "it is empty";
  const auto start = file.first(std::min<size_t>(file.size(), 32));
  const bool text = std::ranges::all_of(start, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return std::isprint(byte) != 0 || std::isspace(byte) != 0;
  });
  return text ? "it is a text file" : "it does not begin with the ELF mark";
}

constexpr size_t most_headers = 4096;  // far above what linkers write; bounds the work

}  // namespace

Loaded<Elf> Elf::parse(FileBytes file) {
  if (file.size() < SELFMAG || std::memcmp(file.data(), ELFMAG, SELFMAG) != 0) {
    return LoadRefusal{"not a shared object: " + guess(file),
                       "give the .so file that the linker made of the module"};
  }
  Elf elf{file};
  const auto head = read<Elf64_Ehdr>(file, 0);
  if (!head) return LoadRefusal{"cut off within its ELF header", "copy or build the file again"};
  elf.head_ = *head;
  const bool native = head->e_ident[EI_CLASS] == ELFCLASS64 &&
                      head->e_ident[EI_DATA] == native_order && head->e_machine == native_machine;
  if (!native) {
    return LoadRefusal{"built for " + machine_name(head->e_machine) +
                           ", while this kernel runs on " + machine_name(native_machine),
                       "install or build the module for this machine"};
  }
  if (head->e_type != ET_DYN || head->e_phentsize != sizeof(Elf64_Phdr) ||
      elf.slice(head->e_phoff, uint64_t{head->e_phnum} * sizeof(Elf64_Phdr)).empty()) {
    return LoadRefusal{"an ELF file, but no whole shared object",
                       "link the module with -shared (weir_add_module does)"};
  }
  return elf;
}

// Empty when any of it lies outside the file.
FileBytes Elf::slice(uint64_t at, uint64_t size) const {
  if (at > file_.size() || file_.size() - at < size) return {};
  return file_.subspan(at, size);
}

std::vector<FileBytes> Elf::note_segments() const {
  std::vector<FileBytes> found;
  const size_t count = std::min<size_t>(head_.e_phnum, most_headers);
  for (size_t i = 0; i < count; ++i) {
    const auto header = read<Elf64_Phdr>(file_, head_.e_phoff + i * sizeof(Elf64_Phdr));
    // A segment aligned to 8 pads its notes differently and holds none of ours.
    if (header && header->p_type == PT_NOTE && header->p_align <= 4) {
      found.push_back(slice(header->p_offset, header->p_filesz));
    }
  }
  return found;
}

std::optional<Elf::NoteEntry> Elf::note_at(FileBytes segment, size_t at) {
  const auto head = read<Elf64_Nhdr>(segment, at);
  if (!head) return std::nullopt;
  const auto padded = [](uint64_t size) { return (size + 3) / 4 * 4; };
  const uint64_t owner = at + sizeof(Elf64_Nhdr);
  const uint64_t description = owner + padded(head->n_namesz);
  if (description > segment.size() || segment.size() - description < head->n_descsz) {
    return std::nullopt;
  }
  std::string_view name{segment.data() + owner, head->n_namesz};
  if (name.ends_with('\0')) name.remove_suffix(1);
  return NoteEntry{name,
                   head->n_type,
                   {segment.data() + description, head->n_descsz},
                   description + padded(head->n_descsz)};
}

std::vector<Elf64_Shdr> Elf::sections() const {
  std::vector<Elf64_Shdr> all;
  if (head_.e_shentsize != sizeof(Elf64_Shdr)) return all;
  const size_t count = std::min<size_t>(head_.e_shnum, most_headers);
  for (size_t i = 0; i < count; ++i) {
    const auto header = read<Elf64_Shdr>(file_, head_.e_shoff + i * sizeof(Elf64_Shdr));
    if (!header) break;
    all.push_back(*header);
  }
  return all;
}

std::string Elf::text_at(FileBytes table, uint64_t at) {
  if (at >= table.size()) return {};
  const auto rest = table.subspan(at);
  return {rest.begin(), std::find(rest.begin(), rest.end(), '\0')};
}

std::vector<Elf::Symbol> Elf::symbols() const {
  std::vector<Symbol> found;
  const auto all = sections();
  for (const Elf64_Shdr& section : all) {
    if (section.sh_type != SHT_DYNSYM || section.sh_link >= all.size()) continue;
    const FileBytes table = slice(section.sh_offset, section.sh_size);
    const Elf64_Shdr& names = all[section.sh_link];
    const FileBytes texts = slice(names.sh_offset, names.sh_size);
    for (size_t at = 0; const auto symbol = read<Elf64_Sym>(table, at); at += sizeof(Elf64_Sym)) {
      const unsigned binding = ELF64_ST_BIND(symbol->st_info);
      if (binding == STB_LOCAL || symbol->st_name == 0) continue;
      found.push_back({text_at(texts, symbol->st_name), symbol->st_shndx != SHN_UNDEF,
                       binding == STB_GNU_UNIQUE});
    }
  }
  return found;
}

// A chain of libraries, each with a chain of versions. `left` bounds what a made up file can cost.
void Elf::add_versions(FileBytes table, FileBytes texts, std::vector<std::string>& to) {
  size_t left = table.size() / sizeof(Elf64_Vernaux);
  for (uint64_t at = 0; left > 0; --left) {
    const auto library = read<Elf64_Verneed>(table, at);
    if (!library) return;
    uint64_t entry = at + library->vn_aux;
    for (unsigned i = 0; i < library->vn_cnt && left > 1; ++i, --left) {
      const auto version = read<Elf64_Vernaux>(table, entry);
      if (!version) break;
      to.push_back(text_at(texts, version->vna_name));
      entry += version->vna_next;
    }
    if (library->vn_next == 0) return;
    at += library->vn_next;
  }
}

std::vector<std::string> Elf::needed_versions() const {
  std::vector<std::string> found;
  const auto all = sections();
  for (const Elf64_Shdr& section : all) {
    if (section.sh_type != SHT_GNU_verneed || section.sh_link >= all.size()) continue;
    const Elf64_Shdr& names = all[section.sh_link];
    add_versions(slice(section.sh_offset, section.sh_size), slice(names.sh_offset, names.sh_size),
                 found);
  }
  return found;
}

}  // namespace weir
