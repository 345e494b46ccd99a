// SPDX-License-Identifier: Apache-2.0
//
// The one canonical path: what is routed, authorised, cached and forwarded.
//
// Decoding happens once, here, before anybody decides anything. Escapes of unreserved bytes are
// decoded, all others get upper case digits; empty and dot segments are resolved. What cannot be
// made unambiguous is refused: escaped NUL, backslash and (unless allowed) slash, bad escapes, a
// way above the root, and dot segments that carry a parameter, which servlet containers strip.
//
// Promise: a canonical path is its own canonical path. It starts with "/" and holds no "//", no dot
// segment, no escape of an unreserved byte and no control byte.
//
// Thread: the owner of the arena.
#pragma once

#include "base/arena.hpp"
#include "base/result.hpp"
#include "http/fields.hpp"
#include "http/refusals.hpp"

#include <optional>
#include <string_view>

namespace weir {

struct PathOptions {
  bool allow_encoded_slash = false;  // %2F stays as it is; never as part of a dot segment
};

// `raw` itself when it is canonical already, else text in the arena.
Result<std::string_view, Refusal> canonical_path(std::string_view raw, PathOptions options,
                                                 Arena& arena);

// True when every byte may stand in a path or query as it is (no fragment, no blank, ASCII only).
bool is_target_text(std::string_view text);

// `text` itself when it holds no escape. Nothing when an escape is broken or the arena is
// exhausted.
std::optional<std::string_view> percent_decode(std::string_view text, Arena& arena);

// Whether a name or value of a query, as received, is `plain` when decoded; a broken escape stands
// for itself.
bool equal_decoded(std::string_view escaped, std::string_view plain);

// The values of one name in "a=1&b=2", as received; a name is compared decoded, so that an escaped
// spelling cannot slip past. "a" alone has an empty value.
class QueryValues {
 public:
  QueryValues(std::string_view query, std::string_view name) : rest_(query), name_(name) {}
  std::optional<std::string_view> next();

 private:
  std::string_view rest_;
  std::string_view name_;
};

// The values of one cookie, in all Cookie lines. Expects: the fields do not change meanwhile.
class CookieValues {
 public:
  CookieValues(const Fields& fields, std::string_view name) : fields_(fields), name_(name) {}
  std::optional<std::string_view> next();

 private:
  bool next_line();

  const Fields& fields_;
  std::string_view name_;
  std::string_view rest_;
  size_t row_ = 0;
};

// The first value of these; a null view when there is none.
std::string_view query_value(std::string_view query, std::string_view name);
std::string_view cookie_value(const Fields& fields, std::string_view name);

}  // namespace weir
