// SPDX-License-Identifier: Apache-2.0
//
// Canonical paths: clean, canonical again, and with the same meaning for a program that decodes
// first and resolves dots afterwards, which is how naive programs read a path.
#include "../kernel/http/transcript.hpp"
#include "base/contract.hpp"
#include "http/path.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace weir;

bool holds(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

void check(std::string_view raw, PathOptions options) {
  test::Memory memory;
  const auto path = canonical_path(raw, options, memory.arena);
  if (!path) return;
  const std::string once{path.value()};
  for (const auto* const barred : {"//", "/./", "/../", "%2E", "%2e", "%00", "%5C", "\\"}) {
    expects(!holds(once + "/", barred) || std::string_view{barred} == "//", "a clean path");
  }
  expects(once.front() == '/' && !holds(once, "//") && is_target_text(once), "a path");
  const auto again = canonical_path(once, options, memory.arena);
  expects(again && again.value() == once, "canonical again");
  const auto decoded = percent_decode(once, memory.arena);
  expects(decoded.has_value(), "escapes that can be decoded");
  expects(!holds(std::string{*decoded} + "/", "/../"), "no way up that decoding brings back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view raw{reinterpret_cast<const char*>(data), size};
  check(raw, {false});
  check(raw, {true});
  test::Memory memory;
  (void)percent_decode(raw, memory.arena);
  (void)query_value(raw, "a b");
  Fields fields{memory.arena};
  fields.add(WEIR_H_COOKIE, "Cookie", raw);
  (void)cookie_value(fields, "a");
  return 0;
}
