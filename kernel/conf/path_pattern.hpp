// SPDX-License-Identifier: Apache-2.0
//
// The path of a route: "/exact", "/prefix/*", "/users/{id}/posts".
//
// Patterns are matched against the canonical path, so a pattern that no canonical path can meet (a
// dot segment, an escape of a plain letter) is a mistake and not a rule that never fires.
//
// Thread: any.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::conf {

struct PathPattern {
  struct Segment {
    bool parameter = false;
    std::string text;  // between two slashes; a parameter's name
  };
  std::string text;               // as written
  std::vector<Segment> segments;  // of "/a/": "a" and ""; of "/": "" ; of "/a/*": "a"
  bool prefix = false;            // ends in "/*": matches "/a" and all below it
};

// What is wrong with a pattern; `at` and `length` count its bytes.
struct PatternFlaw {
  size_t at = 0, length = 0;
  std::string message, hint;
};

Result<PathPattern, PatternFlaw> parse_path_pattern(std::string_view text);

}  // namespace weir::conf
