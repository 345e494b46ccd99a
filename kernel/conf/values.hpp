// SPDX-License-Identifier: Apache-2.0
//
// Single values: from what is written, or from a preset, to the bytes of a member.
//
// Thread: the control thread.
#pragma once

#include <weir/module.h>

#include "conf/file.hpp"
#include "conf/report.hpp"
#include "conf/schema.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace weir::conf {

// Bytes of one value of the key's type, without regard to WEIR_LIST and WEIR_MAP; 0: unknown type.
size_t value_size(const weir_key& key);
size_t value_align(const weir_key& key);

// What a right value looks like: `a duration such as "30s"`.
std::string expected_value(const weir_key& key);

// A right value as the file would say it, for hints.
std::string example_value(const weir_key& key);

// True when the preset has to be read as TOML: lists, tables, quoted texts. All else is the bare
// value: 30s, true, {client.address}.
bool preset_is_toml(const weir_key& key);

// Reads values, reports what is wrong with them by the path of their key.
class Values {
 public:
  Values(Storage& storage, Report& report, const Intern& intern)
      : storage_(storage), report_(report), intern_(intern) {}

  // Expects: the type is neither WEIR_TABLE nor any_value.
  bool read(const weir_key& key, const Node& node, const std::string& path, void* out);

  // A preset that is not TOML; false when it does not parse.
  bool preset(const weir_key& key, std::string_view text, void* out);

 private:
  bool wrong(const weir_key& key, const Node& node, const std::string& path);
  bool read_typed(const weir_key& key, const Node& node, void* out);
  bool read_text(const weir_key& key, const Node& node, const std::string& path, void* out);
  bool read_template(const Node& node, const std::string& path, void* out);
  bool in_bounds(const weir_key& key, const Node& node, const std::string& path, const void* value);
  std::optional<std::string> resolve(const Node& node, const std::string& path);
  std::optional<std::string> from_file(const Node& node, const std::string& path);
  std::optional<std::string> from_environment(const Node& node, const std::string& path);

  Storage& storage_;
  Report& report_;
  const Intern& intern_;
};

// A path made absolute from the file that names it.
std::string absolute_path(const Source& source, std::string_view path);

}  // namespace weir::conf
