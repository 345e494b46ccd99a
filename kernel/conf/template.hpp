// SPDX-License-Identifier: Apache-2.0
//
// Templates such as "{client.address} {request.path}", compiled when the file is read.
//
// A template is a list of typed pieces, so rendering is one pass and a value that holds braces is
// never looked at again (P03 of the design). `{name|text}` gives the text when the value is absent
// or empty; `{{` and `}}` are braces. What a piece yields is known on the chain floor.
//
// Thread: any; immutable once compiled.
#pragma once

#include <weir/module.h>

#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::conf {

// Gives a lower case field or attribute name its id, as weir_host.intern does.
using Intern = std::function<uint32_t(std::string_view)>;

struct Piece {
  enum class Kind : uint8_t {
    literal,         // text
    attribute,       // id: WEIR_A_* or interned (attr.NAME)
    request_field,   // id and text: the name in lower case
    response_field,  // the same
    query,           // text: name of the parameter
    cookie,          // text: name
    parameter        // text: name in the route's path
  };
  Kind kind = Kind::literal;
  uint32_t id = 0;
  std::string text;
  std::string fallback;
};

// What is wrong with a template; `at` and `length` count its bytes.
struct TemplateFlaw {
  size_t at = 0, length = 0;
  std::string message, hint;
};

}  // namespace weir::conf

// The type behind the pointer that modules hold.
struct weir_template {
  std::vector<weir::conf::Piece> pieces;
  std::string written;  // as in the file

  // True when it needs no exchange: text() is all it ever yields.
  bool literal() const;
  std::string_view text() const;
};

namespace weir::conf {

Result<weir_template, TemplateFlaw> compile_template(std::string_view text, const Intern& intern);

// The id of a kernel attribute, 0 if there is none of that name.
uint32_t attribute_id(std::string_view name);

// True for the token of RFC 9110: what field names and methods consist of.
bool is_token(std::string_view text);

}  // namespace weir::conf
