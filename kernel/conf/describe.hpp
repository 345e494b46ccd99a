// SPDX-License-Identifier: Apache-2.0
//
// What a schema says about itself: tables for manuals, the effective configuration, JSON Schema.
//
// Thread: any.
#pragma once

#include <weir/module.h>

#include "conf/file.hpp"
#include "conf/limits.hpp"
#include "conf/schema.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace weir::conf {

// "| key | type | default | meaning |" in Markdown; nested keys are dotted. Empty without keys.
std::string key_table(const weir_schema& schema);

// The same of limits, with the status that answers one step beyond: "| key | default | beyond |
// meaning |".
std::string limit_table(std::span<const LimitKey> rows);

// How a value of the key is called: "duration", "list of text", "map of template", ...
std::string type_name(const weir_key& key);

// The table with all presets spelled out, one `key = value` a line with its origin behind it
// ("weir.toml:12" or "default"). Values of secrets are never shown. `header` comes first.
std::string effective_table(const weir_schema& schema, const Input& input, std::string_view header);

// Of which a whole effective file consists: schema_of gives the schema of a component of a kind
// ("filter", "observe", "transport"), nullptr if it is unknown or has no keys.
using SchemaOf = std::function<const weir_schema*(std::string_view kind, std::string_view name)>;
std::string effective(const Document& document, const SchemaOf& schema_of);

// A JSON Schema object of a table of this schema.
std::string json_schema(const weir_schema& schema);
// The same of one that may hold transports too, which modules describe.
std::string open_json_schema(const weir_schema& schema);

}  // namespace weir::conf
