// SPDX-License-Identifier: Apache-2.0
//
// The statements of a conf file as text, right or wrong.
//
// toml++ gives no tree for a file with a mistake and forgets comments, so what explains mistakes
// and what edits files works on this coarse view: where a statement begins and ends, and its names.
// It copes with any bytes.
//
// Thread: any.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::conf {

struct Statement {
  enum class Kind : unsigned char { header, array_header, pair };
  Kind kind = Kind::pair;
  std::vector<std::string> path;          // the names in it, unquoted
  size_t begin = 0, end = 0;              // bytes; the end is past the line end
  size_t name_begin = 0, name_end = 0;    // of a header, brackets included
  size_t value_begin = 0, value_end = 0;  // of a pair; both 0: it has no "="
};

std::vector<Statement> scan(std::string_view text);

// Past the string that begins at `at` with a quote: its end, or that of the line or text it spoils.
size_t past_string(std::string_view text, size_t at);

// Where brackets or dotted names go deeper than `deepest`.
std::optional<size_t> too_deep(std::string_view text, size_t deepest);

// True for what may stand in a name without quotes.
bool is_bare(char c);

// A name as it must be written in a file.
std::string quoted_name(std::string_view name);

// A basic string with quotes and escapes.
std::string quoted_text(std::string_view text);

}  // namespace weir::conf
