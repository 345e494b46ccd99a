// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a conf file: reading ends in a model or in findings, and both can be shown.
#include <weir/module.h>

#include "base/contract.hpp"
#include "conf/describe.hpp"
#include "conf/fix.hpp"
#include "conf/model.hpp"

#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  using namespace weir::conf;
  const std::string text{reinterpret_cast<const char*>(data), size};
  // Including other files is for tests that own a folder.
  if (text.find("include") != std::string::npos || text.find("file") != std::string::npos) return 0;
  Report report;
  const auto document = load_text("fuzz.toml", text, report);
  weir::expects(document.has_value() || report.errors() > 0, "what cannot be read is reported");
  if (document) {
    const auto model = read_model(*document, report);
    weir::expects(model.has_value(), "a document makes a model");
    const SchemaOf nothing = [](std::string_view, std::string_view) -> const weir_schema* {
      return nullptr;
    };
    const std::string shown = effective(*document, nothing);
    // Without mistakes, what is shown reads as the same file.
    if (report.errors() == 0) {
      Report again;
      const auto copy = load_text("effective.toml", shown, again);
      weir::expects(copy && read_model(*copy, again) && again.errors() == 0,
                    "effective text reads");
    }
  }
  std::ostringstream out;
  report.print(out, true);
  weir::expects(!report.to_json().empty(), "findings as JSON");
  const auto fixed = add_module(text, "added");
  if (fixed && document && report.errors() == 0) {
    Report again;
    weir::expects(load_text("fixed.toml", *fixed, again).has_value(), "a fixed file reads");
  }
  return 0;
}
