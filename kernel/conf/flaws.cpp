// SPDX-License-Identifier: Apache-2.0
#include <weir/module.h>

#include "conf/report.hpp"
#include "conf/schema.hpp"
#include "conf/template.hpp"
#include "conf/values.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::conf {

namespace {

constexpr size_t deepest_schema = 8;
constexpr size_t most_keys = 1000;
constexpr size_t largest_conf = 1u << 20;
constexpr uint32_t all_flags =
    WEIR_LIST | WEIR_MAP | WEIR_REQUIRED | WEIR_PER_ROUTE | WEIR_DEPRECATED | WEIR_FIELD_KEYS;

class Inspector {
 public:
  explicit Inspector(bool kernel) : kernel_(kernel) {}

  void schema(const weir_schema& schema, const std::string& path, size_t depth) {
    if (!sound(schema, path, depth)) return;
    const Keys keys{schema};
    std::map<std::string, size_t> names;
    std::map<size_t, std::string> members;
    for (size_t i = 0; i < keys.size(); ++i) {
      const weir_key key = keys[i];
      if (!named(key, path, i)) continue;
      const std::string name = path + key.name;
      if (!names.emplace(key.name, i).second) say(name, "is declared twice");
      const auto [other, fresh] = members.emplace(key.offset, key.name);
      if (!fresh) say(name, "fills the member of '" + other->second + "'");
      inspect(key, name, schema.conf_size);
      if (key.type == WEIR_TABLE && key.sub != nullptr) {
        this->schema(*key.sub, name + ".", depth + 1);
      }
    }
  }

  std::vector<std::string> found;

 private:
  void say(const std::string& name, const std::string& what) {
    found.push_back("'" + name + "' " + what);
  }

  bool sound(const weir_schema& schema, const std::string& path, size_t depth) {
    const std::string name = path.empty() ? "schema" : path;
    const size_t before = found.size();
    if (depth > deepest_schema) say(name, "is nested deeper than 8 levels");
    if (schema.size < sizeof(weir_schema)) say(name, "has a wrong size");
    if (schema.key_size < sizeof(weir_key) || schema.key_size % alignof(weir_key) != 0) {
      say(name, "has a wrong key_size");
    }
    if (schema.count > most_keys) say(name, "has more than 1000 keys");
    if (schema.conf_size > largest_conf) say(name, "has a conf_size beyond 1 MiB");
    if (schema.keys == nullptr && schema.count > 0) say(name, "has no keys array");
    return found.size() == before;
  }

  bool named(const weir_key& key, const std::string& path, size_t index) {
    const std::string_view name{key.name == nullptr ? "" : key.name};
    const bool good = !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (!good) say(path + std::to_string(index), "needs a name of a-z, 0-9 and _");
    return good;
  }

  void inspect(const weir_key& key, const std::string& name, size_t conf_size) {
    const size_t before = found.size();
    const bool list = (key.flags & WEIR_LIST) != 0;
    const bool map = (key.flags & WEIR_MAP) != 0;
    if (key.doc == nullptr || *key.doc == '\0') say(name, "has no doc text");
    if ((key.flags & ~all_flags) != 0) say(name, "has unknown flags");
    if (list && map) say(name, "is a list and a map at once");
    if ((key.flags & WEIR_FIELD_KEYS) != 0 && !map) say(name, "has field keys but is no map");
    if ((key.flags & WEIR_REQUIRED) != 0 && key.preset != nullptr) {
      say(name, "is required and has a default");
    }
    if (key.max < key.min) say(name, "has a max below its min");
    type(key, name);
    member(key, name, conf_size);
    if (found.size() == before) preset(key, name);
  }

  void type(const weir_key& key, const std::string& name) {
    const bool kernel_type = key.type == any_value && kernel_;
    if (!kernel_type && (key.type < WEIR_BOOL || key.type > WEIR_TABLE)) {
      say(name, "has an unknown type");
    }
    if (key.type == WEIR_CHOICE && (key.choices == nullptr || key.choices[0] == nullptr)) {
      say(name, "has no choices");
    }
    if (key.type == WEIR_TABLE && key.sub == nullptr) say(name, "is a table without a schema");
  }

  void member(const weir_key& key, const std::string& name, size_t conf_size) {
    const bool many = (key.flags & (WEIR_LIST | WEIR_MAP)) != 0;
    const size_t size = many ? sizeof(weir_list) : value_size(key);
    const size_t align = many ? alignof(weir_list) : value_align(key);
    const bool nested = key.type == WEIR_TABLE && !many;
    if (key.offset > conf_size || size > conf_size - key.offset) {
      say(name, "lies outside its struct");
    }
    if (!nested && key.offset % align != 0) say(name, "is not aligned in its struct");
  }

  // Filling a table in which nothing is written reads the preset, as it will be read later.
  void preset(const weir_key& key, const std::string& name) {
    if (key.preset == nullptr) return;
    if (key.type == WEIR_SECRET || key.type == any_value) {
      say(name, "cannot have a default");
      return;
    }
    if (key.type == WEIR_TABLE && key.sub != nullptr && !safe(*key.sub)) return;
    weir_key alone = key;
    alone.offset = 0;
    alone.flags &= ~static_cast<uint32_t>(WEIR_DEPRECATED);
    const bool many = (key.flags & (WEIR_LIST | WEIR_MAP)) != 0;
    const weir_schema schema{sizeof(weir_schema), sizeof(weir_key), &alone, 1,
                             many ? sizeof(weir_list) : value_size(key)};
    Storage storage;
    Report report;
    Input input;
    input.title = "[" + name + "]";
    const Intern intern = [](std::string_view) { return uint32_t{WEIR_INTERNED}; };
    if (fill(schema, input, storage, report, intern) == nullptr) {
      say(name, "has a default that does not parse: " + std::string{key.preset});
    }
  }

  bool safe(const weir_schema& sub) const {
    Inspector inner{kernel_};
    inner.schema(sub, "", 1);
    return inner.found.empty();
  }

  bool kernel_;
};

}  // namespace

std::vector<std::string> flaws(const weir_schema& schema, bool kernel) {
  Inspector inspector{kernel};
  inspector.schema(schema, "", 0);
  return std::move(inspector.found);
}

}  // namespace weir::conf
