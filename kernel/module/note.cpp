// SPDX-License-Identifier: Apache-2.0
#include "module/note.hpp"

#include <weir/module.h>

#include "module/elf.hpp"
#include "module/refusal.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace weir {

namespace {

constexpr size_t longest_note = 4096;

LoadRefusal damaged(const std::string& what) {
  return {"its weir note is damaged: " + what,
          "write it with WEIR_NOTE or WEIR_MODULE and build the module again"};
}

bool number(std::string_view text, uint32_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

// Cuts the part before `mark` off the front of `text`.
std::string_view take(std::string_view& text, char mark) {
  const auto end = std::min(text.find(mark), text.size());
  const auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

// What is wrong with the value, if anything.
std::optional<LoadRefusal> store(Note& note, std::string_view label, std::string_view value) {
  if (label == "abi" && !number(value, note.major)) return damaged("abi= is no number");
  if (label == "needs" && !number(value, note.needs)) return damaged("needs= is no number");
  if (label == "name") note.name = value;
  if (label == "version") note.version = value;
  if (label == "kinds") {
    while (!value.empty()) note.kinds.emplace_back(take(value, ','));
  }
  return std::nullopt;
}

}  // namespace

bool is_module_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.size() <= 64 && name[0] >= 'a' && name[0] <= 'z' &&
         std::ranges::all_of(name, fits);
}

Loaded<Note> parse_note(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  const auto readable = [](char c) { return c >= ' ' && c <= '~'; };
  if (text.size() > longest_note || !std::ranges::all_of(text, readable)) {
    return damaged("it is no line of text");
  }
  Note note;
  while (!text.empty()) {
    std::string_view word = take(text, ' ');
    const auto label = take(word, '=');
    if (const auto wrong = store(note, label, word)) return *wrong;
  }
  if (note.major == 0) return damaged("abi= is missing");
  if (!is_module_name(note.name)) return damaged("name= must be a to z, 0 to 9 and _");
  if (note.version.empty()) return damaged("version= is missing");
  return note;
}

Loaded<Note> read_note(const Elf& elf) {
  std::optional<std::string_view> text;
  elf.each_note([&](std::string_view owner, uint32_t type, std::string_view description) {
    if (owner != "weir" || type != 1) return false;
    text = description;
    return true;
  });
  if (text) return parse_note(*text);
  return LoadRefusal{"has no weir note, so it is not a weir module",
                     "end its source with WEIR_MODULE (C++) or WEIR_NOTE (C); see sdk/README.md"};
}

Loaded<Note> accept_note(Note note) {
  if (note.major != WEIR_ABI_MAJOR) {
    return LoadRefusal{
        "built for module ABI " + std::to_string(note.major) +
            ", while weir " WEIR_VERSION " speaks ABI " + std::to_string(WEIR_ABI_MAJOR),
        note.major > WEIR_ABI_MAJOR ? "upgrade weir, or build the module for ABI 1"
                                    : "install a version of it that is built for ABI 1"};
  }
  if (note.needs > WEIR_ABI_MINOR) {
    return LoadRefusal{"needs module ABI 1." + std::to_string(note.needs) +
                           ", while weir " WEIR_VERSION " offers 1." +
                           std::to_string(WEIR_ABI_MINOR),
                       "upgrade weir, or install an older version of the module"};
  }
  return note;
}

}  // namespace weir
