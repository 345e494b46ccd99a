// SPDX-License-Identifier: Apache-2.0
//
// Replaces what a regular expression finds: RE2, hence linear in the length of the text, whatever
// the expression and whoever sends the text.
//
// `{1}` and `{name}` in the replacement stand for groups, as in all of weir's templates; `{{` and
// `}}` are braces. Each match is replaced, from left to right; replaced text is not looked at
// again. The result is written once, front to back, and stops at a bound.
//
// Thread: any, once compiled.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <re2/re2.h>

class Substitution {
 public:
  static constexpr size_t most_groups = 32;
  static constexpr size_t most_bytes = 64 * 1024;  // of a result

  struct Flaw {
    bool in_regex;  // else in the replacement
    std::string message;
  };
  // Once, before all else; after a flaw the object is of no use.
  std::optional<Flaw> compile(std::string_view regex, std::string_view replacement);

  enum class Outcome { unmatched, replaced, too_long };
  // Expects: `result` does not hold `text`. When unmatched, `result` is the text.
  Outcome apply(std::string_view text, std::string& result) const;

 private:
  struct Piece {
    std::string literal;
    size_t group = 0;  // what follows the literal
  };

  std::optional<Flaw> compile_replacement(std::string_view text);
  std::optional<size_t> group_named(std::string_view name) const;
  void append(const re2::StringPiece* groups, std::string& result) const;

  std::unique_ptr<re2::RE2> regex_;
  std::vector<Piece> pieces_;
  std::string rest_;   // literal text after the last piece
  size_t groups_ = 1;  // as many as a match has to report
};
