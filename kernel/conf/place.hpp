// SPDX-License-Identifier: Apache-2.0
//
// Where something stands in a file: what every message of the conf floor points at.
//
// Lines and columns count from 1, columns and lengths in code points, as people count them. A Place
// is cheap to copy and borrows its Source, which lasts as long as the Document that was read from
// it.
//
// Thread: any; immutable once made.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::conf {

// The text of one file, findable by line.
class Source {
 public:
  // `name` is what messages call the file; `folder` is what relative paths in it start from.
  Source(std::string name, std::string folder, std::string text);
  ~Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  const std::string& name() const { return name_; }
  const std::string& folder() const { return folder_; }
  const std::string& text() const { return text_; }

  // Without its line end; empty beyond the last line.
  std::string_view line(uint32_t number) const;

  // Byte offset of a code point in the text; the end of the line when the column lies beyond it.
  size_t offset(uint32_t line, uint32_t column) const;

 private:
  std::string name_, folder_, text_;
  std::vector<size_t> starts_;
};

struct Place {
  const Source* source = nullptr;  // nullptr: nowhere
  uint32_t line = 0;               // 0: the file as a whole
  uint32_t column = 0;
  uint32_t length = 0;  // on that line

  // "weir.toml:14"; "weir.toml" for a whole file; empty for nowhere.
  std::string text() const;
};

// Code points of UTF-8 text.
uint32_t code_points(std::string_view text);

// Length of the valid UTF-8 sequence that begins the text; 0: there is none.
size_t utf8_sequence(std::string_view text);

}  // namespace weir::conf
