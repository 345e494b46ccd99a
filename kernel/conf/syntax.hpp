// SPDX-License-Identifier: Apache-2.0
//
// What a syntax mistake means to a person, and an edit of the text after which reading can go on.
//
// The TOML reader stops at its first mistake and says what it saw; people need to know what to
// write. The edit is made on a copy in memory only, so that the rest of the file is checked in the
// same run.
//
// Thread: any.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace weir::conf {

struct SyntaxMistake {
  size_t at = 0, length = 0;  // bytes of the text
  std::string message, hint;
  std::optional<size_t> first;  // the statement that this one repeats, with the hint as remark
  size_t first_length = 0;

  size_t edit_begin = 0, edit_end = 0;  // bytes to replace
  std::string replacement;
  bool meaning_kept = false;  // the edit says what was meant; else something is missing now
};

// `at` and `description` are the TOML reader's.
SyntaxMistake explain(std::string_view text, size_t at, std::string_view description);

}  // namespace weir::conf
