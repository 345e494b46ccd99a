// SPDX-License-Identifier: Apache-2.0
#include "conf/describe.hpp"

#include <weir/module.h>

#include "conf/file.hpp"
#include "conf/kernel_keys.hpp"
#include "conf/limits.hpp"
#include "conf/place.hpp"
#include "conf/report.hpp"
#include "conf/scan.hpp"
#include "conf/schema.hpp"
#include "conf/values.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <span>
#include <string>

namespace weir::conf {

namespace {

// One word for each type, in the order of the enumeration.
constexpr std::array words{"",         "boolean", "integer", "number", "text",
                           "duration", "size",    "percent", "rate",   "choice",
                           "template", "range",   "file",    "secret", "table"};

bool nested(const weir_key& key) {
  return key.type == WEIR_TABLE && (key.flags & (WEIR_LIST | WEIR_MAP)) == 0;
}

bool spelled_as_is(const weir_key& key) {
  return preset_is_toml(key) || key.type == WEIR_BOOL || key.type == WEIR_INT ||
         key.type == WEIR_FLOAT || std::string_view{key.preset} == "[]";
}

// The preset as the file would say it; empty: there is none.
std::string preset_text(const weir_key& key) {
  if (key.preset == nullptr) return {};
  return spelled_as_is(key) ? std::string{key.preset} : quoted_text(key.preset);
}

std::string choices_text(const weir_key& key) {
  std::string out;
  for (size_t i = 0; key.choices != nullptr && key.choices[i] != nullptr; ++i) {
    out += (i == 0 ? "`" : ", `") + std::string{key.choices[i]} + "`";
  }
  return out;
}

// A cell of a Markdown table must not hold the bar that divides cells.
std::string cell(std::string text) {
  for (size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) {
    text.insert(at, "\\");
  }
  return text;
}

std::string key_row(const weir_key& key, const std::string& name) {
  const std::string preset = preset_text(key);
  std::string fallback = preset.empty() ? "" : "`" + cell(preset) + "`";
  if ((key.flags & WEIR_REQUIRED) != 0) fallback = "required";
  std::string meaning = key.doc == nullptr ? "" : key.doc;
  if ((key.flags & WEIR_PER_ROUTE) != 0) meaning += " Per route.";
  if ((key.flags & WEIR_DEPRECATED) != 0) meaning.insert(0, "Deprecated. ");
  return "| `" + name + "` | " + cell(type_name(key)) + " | " + fallback + " | " + cell(meaning) +
         " |\n";
}

// What stands between the name of a table's key and those inside it.
const char* step_into(const weir_key& key) {
  if ((key.flags & WEIR_MAP) != 0) return ".NAME.";
  return (key.flags & WEIR_LIST) != 0 ? "[]." : ".";
}

void key_rows(const weir_schema& schema, const std::string& prefix, std::string& out) {
  const Keys keys{schema};
  for (size_t i = 0; i < keys.size(); ++i) {
    const weir_key key = keys[i];
    const std::string name = prefix + key.name;
    if (!nested(key)) out += key_row(key, name);
    if (key.type == WEIR_TABLE && key.sub != nullptr) {
      key_rows(*key.sub, name + step_into(key), out);
    }
  }
}

std::string number_text(double value) {
  std::array<char, 64> out{};
  const auto [end, error] = std::to_chars(out.data(), out.data() + out.size(), value);
  std::string text{out.data(), end};
  // TOML tells numbers from integers by their point.
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string toml(const Node& node) {
  std::string out;
  switch (node.kind()) {
    case Kind::text:
      return quoted_text(node.text());
    case Kind::integer:
      return std::to_string(node.integer());
    case Kind::real:
      return number_text(node.real());
    case Kind::boolean:
      return node.boolean() ? "true" : "false";
    case Kind::date:
      return node.text();
    case Kind::array:
      for (const Node& each : node.children()) out += (out.empty() ? "[" : ", ") + toml(each);
      return out.empty() ? "[]" : out + "]";
    case Kind::table:
      for (const Node& each : node.children()) {
        out += (out.empty() ? "{ " : ", ") + quoted_name(each.key()) + " = " + toml(each);
      }
      return out.empty() ? "{}" : out + " }";
  }
  return out;
}

// Only references to secrets may be shown, and they are tables.
std::string shown_value(const weir_key& key, const Node& node) {
  return key.type == WEIR_SECRET && !node.is(Kind::table) && !node.is(Kind::array) ? "\"(hidden)\""
                                                                                   : toml(node);
}

void line(std::string& out, const std::string& setting, const std::string& origin) {
  constexpr size_t origins = 48;  // the column in which origins stand where lines are short enough
  const size_t length = code_points(setting);
  out += setting + std::string(length < origins ? origins - length : 1, ' ') + "# " + origin + "\n";
}

void effective_rows(const weir_schema& schema, const Input& input, const std::string& prefix,
                    std::string& out) {
  const Keys keys{schema};
  for (size_t i = 0; i < keys.size(); ++i) {
    const weir_key key = keys[i];
    const std::string name = prefix + key.name;
    const Node* written = input.table == nullptr ? nullptr : input.table->find(key.name);
    const Node* again = input.overlay == nullptr ? nullptr : input.overlay->find(key.name);
    if (nested(key) && key.sub != nullptr) {
      Input below;
      below.table = written;
      below.overlay = again;
      effective_rows(*key.sub, below, name + ".", out);
      continue;
    }
    const Node* node = again != nullptr ? again : written;
    if (node != nullptr) {
      line(out, name + " = " + shown_value(key, *node), node->key_place().text());
    } else if (key.preset != nullptr) {
      line(out, name + " = " + preset_text(key), "default");
    } else {
      out += "# " + name + " is not set\n";
    }
  }
}

void plain_rows(const Node& table, const weir_schema* but, std::string& out) {
  for (const Node& each : table.children()) {
    if (but != nullptr && Keys{*but}.find(each.key())) continue;
    line(out, quoted_name(each.key()) + " = " + toml(each), each.key_place().text());
  }
}

// Every table below [kind], with the keys of its component behind those of the kernel.
void effective_instances(const Document& document, const char* kind, const SchemaOf& schema_of,
                         std::string& out) {
  const Node* tables = document.root().find(kind);
  if (tables == nullptr) return;
  for (const Node& node : tables->children()) {
    Input input;
    input.table = &node;
    out += "\n[" + std::string{kind} + "." + quoted_name(node.key()) + "]\n";
    effective_rows(instance_keys_schema, input, "", out);
    const Node* use = node.find("use");
    const bool named = use != nullptr && use->is(Kind::text);
    const weir_schema* schema = schema_of(kind, named ? use->text() : node.key());
    if (schema != nullptr) {
      effective_rows(*schema, input, "", out);
    } else if (node.is(Kind::table)) {
      plain_rows(node, &instance_keys_schema, out);
    }
  }
}

// The transports in a table whose other keys are the kernel's; `name` as in the file.
void effective_transports(const Node& table, const weir_schema& kernel, const std::string& name,
                          const SchemaOf& schema_of, std::string& out) {
  for (const Node& each : table.children()) {
    if (Keys{kernel}.find(each.key())) continue;
    if (!each.is(Kind::table)) {
      line(out, quoted_name(each.key()) + " = " + toml(each), each.key_place().text());
      continue;
    }
    Input input;
    input.table = &each;
    out += "[" + name + "." + quoted_name(each.key()) + "]\n";
    if (const weir_schema* schema = schema_of("transport", each.key())) {
      effective_rows(*schema, input, "", out);
    } else {
      plain_rows(each, nullptr, out);
    }
  }
}

void effective_list(const Document& document, const char* name, const weir_schema& schema,
                    const SchemaOf& schema_of, std::string& out) {
  const Node* list = document.root().find(name);
  if (list == nullptr) return;
  for (const Node& node : list->children()) {
    Input input;
    input.table = &node;
    out += "\n" + effective_table(schema, input, "[[" + std::string{name} + "]]");
    if (&schema == &listener_schema) effective_transports(node, schema, name, schema_of, out);
  }
}

std::string quoted(std::string_view name, const std::string& value) {
  return json_string(name) + ":" + value;
}

std::string json_of_single(const weir_key& key) {
  constexpr const char* reference =
      R"({"type":"object","properties":{"file":{"type":"string"},"env":{"type":"string"}},)"
      R"("minProperties":1,"maxProperties":1,"additionalProperties":false})";
  switch (key.type) {
    case WEIR_BOOL:
      return R"({"type":"boolean"})";
    case WEIR_INT:
      return R"({"type":"integer"})";
    case WEIR_FLOAT:
      return R"({"type":"number"})";
    case WEIR_DURATION:
      return R"({"type":"string","pattern":"^(0|([0-9]+(d|h|m|s|ms|us|ns))+)$"})";
    case WEIR_BYTES:
      return R"({"anyOf":[{"type":"integer","minimum":0},)"
             R"({"type":"string","pattern":"^[0-9]+([KMGT]i?B|B)?$"}]})";
    case WEIR_PERCENT:
      return R"({"type":"string","pattern":"^[0-9]+(\\.[0-9]+)?%$"})";
    case WEIR_RATE:
      return R"({"type":"string","pattern":"^[0-9]+(\\.[0-9]+)?/[smhd]$"})";
    case WEIR_SECRET:
      return reference;
    case WEIR_TEXT:
    case WEIR_FILE:
      return std::string{R"({"anyOf":[{"type":"string"},)"} + reference + "]}";
    case WEIR_TABLE:
      return key.sub == nullptr ? R"({"type":"object"})" : json_schema(*key.sub);
    case WEIR_CHOICE:
      break;
    case any_value:
      return "{}";
    default:
      return R"({"type":"string"})";
  }
  std::string out;
  for (size_t i = 0; key.choices != nullptr && key.choices[i] != nullptr; ++i) {
    out += (i == 0 ? "" : ",") + json_string(key.choices[i]);
  }
  return R"({"enum":[)" + out + "]}";
}

std::string json_of_key(const weir_key& key) {
  std::string out = json_of_single(key);
  if ((key.flags & WEIR_LIST) != 0) {
    out = R"({"anyOf":[)" + out + R"(,{"type":"array","items":)" + out + "}]}";
  } else if ((key.flags & WEIR_MAP) != 0) {
    out = R"({"type":"object","additionalProperties":)" + out + "}";
  }
  std::string more = out == "{}" ? "" : ",";
  more += quoted("description", json_string(key.doc == nullptr ? "" : key.doc));
  if ((key.flags & WEIR_DEPRECATED) != 0) more += ",\"deprecated\":true";
  if (key.preset != nullptr && !preset_is_toml(key)) {
    more += "," + quoted("default", spelled_as_is(key) ? key.preset : json_string(key.preset));
  }
  out.insert(out.size() - 1, more);
  return out;
}

}  // namespace

std::string type_name(const weir_key& key) {
  if (key.type == any_value) return "see below";
  std::string out = key.type < words.size() ? words[key.type] : "unknown";
  if (key.type == WEIR_CHOICE) out = choices_text(key);
  if ((key.flags & WEIR_LIST) != 0) return "list of " + out;
  return (key.flags & WEIR_MAP) != 0 ? "map of " + out : out;
}

std::string key_table(const weir_schema& schema) {
  std::string rows;
  key_rows(schema, "", rows);
  return rows.empty() ? rows : "| key | type | default | meaning |\n|---|---|---|---|\n" + rows;
}

std::string limit_table(std::span<const LimitKey> rows) {
  std::string out = "| key | default | beyond | meaning |\n|---|---|---|---|\n";
  for (const auto& [key, status] : rows) {
    out += "| `" + std::string{key.name} + "` | `" + preset_text(key) + "` | " +
           (status == 0 ? "" : std::to_string(status)) + " | " + cell(key.doc) + " |\n";
  }
  return out;
}

std::string effective_table(const weir_schema& schema, const Input& input,
                            std::string_view header) {
  std::string out{header};
  if (!out.empty()) out += "\n";
  effective_rows(schema, input, "", out);
  return out;
}

std::string effective(const Document& document, const SchemaOf& schema_of) {
  const Node& root = document.root();
  std::string out;
  if (const Node* modules = root.find("modules")) {
    line(out, "modules = " + toml(*modules), modules->key_place().text());
    out += "\n";
  }
  Input server;
  server.table = root.find("server");
  out += effective_table(server_schema, server, "[server]");
  effective_list(document, "listener", listener_schema, schema_of, out);
  effective_list(document, "route", route_schema, schema_of, out);
  for (const Node* tables = root.find("upstream"); tables != nullptr; tables = nullptr) {
    for (const Node& node : tables->children()) {
      Input input;
      input.table = &node;
      const std::string name = "upstream." + quoted_name(node.key());
      out += "\n" + effective_table(upstream_schema, input, "[" + name + "]");
      effective_transports(node, upstream_schema, name, schema_of, out);
    }
  }
  effective_instances(document, "filter", schema_of, out);
  effective_instances(document, "observe", schema_of, out);
  if (const Node* tables = root.find("module")) {
    for (const Node& node : tables->children()) {
      Input input;
      input.table = &node;
      out +=
          "\n" + effective_table(module_schema, input, "[module." + quoted_name(node.key()) + "]");
    }
  }
  effective_list(document, "test", test_schema, schema_of, out);
  return out;
}

namespace {

// `further`: what other keys may be.
std::string json_object(const weir_schema& schema, const char* further) {
  const Keys keys{schema};
  std::string properties, required;
  for (size_t i = 0; i < keys.size(); ++i) {
    const weir_key key = keys[i];
    properties += (i == 0 ? "" : ",") + quoted(key.name, json_of_key(key));
    if ((key.flags & WEIR_REQUIRED) != 0) {
      required += (required.empty() ? "" : ",") + json_string(key.name);
    }
  }
  return R"({"type":"object","additionalProperties":)" + std::string{further} +
         R"(,"properties":{)" + properties + "}" +
         (required.empty() ? "" : ",\"required\":[" + required + "]") + "}";
}

}  // namespace

std::string json_schema(const weir_schema& schema) { return json_object(schema, "false"); }

std::string open_json_schema(const weir_schema& schema) {
  return json_object(schema, R"({"type":["object","boolean"]})");
}

}  // namespace weir::conf
