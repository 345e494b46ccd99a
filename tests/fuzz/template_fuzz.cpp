// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a template, a path pattern and a value with a unit; what is accepted survives a
// round.
#include <weir/module.h>

#include "base/contract.hpp"
#include "conf/path_pattern.hpp"
#include "conf/template.hpp"
#include "conf/units.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using weir::expects;
using namespace weir::conf;

void check_template(const std::string& text) {
  const Intern intern = [](std::string_view) { return uint32_t{WEIR_INTERNED}; };
  const auto compiled = compile_template(text, intern);
  if (!compiled) {
    const TemplateFlaw& flaw = compiled.error();
    expects(flaw.at + flaw.length <= text.size() && !flaw.message.empty(),
            "a flaw lies in the text");
    return;
  }
  size_t length = 0;
  for (const Piece& piece : compiled->pieces) {
    expects(piece.kind != Piece::Kind::literal || !piece.text.empty(), "no empty literal");
    length += piece.text.size();
  }
  expects(length <= text.size(), "pieces come from the text");
}

void check_pattern(const std::string& text) {
  const auto pattern = parse_path_pattern(text);
  if (!pattern) return;
  std::string back;
  for (const PathPattern::Segment& segment : pattern->segments) {
    back += "/" + (segment.parameter ? "{" + segment.text + "}" : segment.text);
  }
  if (pattern->prefix) back += "/*";
  expects(back == text, "segments spell the pattern");
}

void check_units(const std::string& text) {
  if (const auto value = parse_duration(text))
    expects(parse_duration(format_duration(*value)) == value);
  if (const auto value = parse_size(text)) expects(parse_size(format_size(*value)) == value);
  if (const auto value = parse_address(text)) {
    expects(parse_address(format_address(*value)).has_value(), "addresses read back");
  }
  if (const auto value = parse_cidr(text)) {
    const auto again = parse_cidr(format_cidr(*value));
    expects(again && again->bits == value->bits, "ranges read back");
  }
  if (const auto value = parse_percent(text))
    expects(parse_percent(format_percent(*value)).has_value());
  if (const auto value = parse_rate(text)) expects(parse_rate(format_rate(*value)).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  const std::string text{reinterpret_cast<const char*>(data), size};
  check_template(text);
  check_pattern(text);
  check_units(text);
  return 0;
}
