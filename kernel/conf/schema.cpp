// SPDX-License-Identifier: Apache-2.0
#include "conf/schema.hpp"

#include <weir/module.h>

#include "conf/file.hpp"
#include "conf/report.hpp"
#include "conf/template.hpp"
#include "conf/values.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>  // IWYU pragma: keep (placement)
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::conf {

namespace {

// An entry of a WEIR_MAP is { weir_str key; uint64_t key_id; member }, padded as C does.
constexpr size_t map_head = sizeof(weir_str) + sizeof(uint64_t);

size_t map_stride(const weir_key& key) { return (map_head + value_size(key) + 7) / 8 * 8; }

std::byte* at(void* base, size_t offset) { return static_cast<std::byte*>(base) + offset; }

std::string joined(const std::string& path, std::string_view name) {
  return path.empty() ? std::string{name} : path + "." + std::string{name};
}

// What is known of a table on the way down.
struct Scope {
  const Node* table;
  const Node* overlay;
  std::string path;    // of the table within its instance
  bool all_per_route;  // a table marked as a whole
  bool written;        // only then can something be missing in it
};

class Filler {
 public:
  Filler(const Input& input, Storage& storage, Report& report, const Intern& intern)
      : input_(input),
        storage_(storage),
        report_(report),
        intern_(intern),
        values_(storage, report, intern) {}

  bool table(const weir_schema& schema, const Scope& level, void* out) {
    bool good = known_keys(schema, level.table, level);
    good &= known_keys(schema, level.overlay, level);
    const Keys keys{schema};
    for (size_t i = 0; i < keys.size(); ++i) {
      const weir_key key = keys[i];
      good &= member(key, level, at(out, key.offset));
    }
    return good;
  }

 private:
  bool known_keys(const weir_schema& schema, const Node* table, const Scope& level) {
    if (table == nullptr || (input_.open && level.path.empty())) return true;
    bool good = true;
    const Keys keys{schema};
    for (const Node& child : table->children()) {
      if (keys.find(child.key())) continue;
      const bool kernel = level.path.empty() && input_.besides != nullptr &&
                          Keys{*input_.besides}.find(child.key()).has_value();
      if (kernel && table == level.overlay) {
        fixed(child, child.key());
        good = false;
      } else if (!kernel) {
        unknown(schema, child, level);
        good = false;
      }
    }
    return good;
  }

  void unknown(const weir_schema& schema, const Node& child, const Scope& level) {
    std::vector<std::string> names = Keys{schema}.names();
    if (level.path.empty() && input_.besides != nullptr) {
      for (std::string& name : Keys{*input_.besides}.names()) names.push_back(std::move(name));
    }
    const std::string where = level.path.empty() ? "" : "'" + level.path + "' of ";
    std::string hint = names.empty() ? "it has no keys" : suggestion(child.key(), names);
    report_.error(child.key_place(),
                  "unknown key '" + readable(child.key()) + "' in " + where + input_.title,
                  std::move(hint));
  }

  void fixed(const Node& node, std::string_view path) {
    report_.error(node.key_place(),
                  "'" + std::string{path} + "' of " + input_.title + " is the same for all routes",
                  "set it in " + input_.title);
  }

  bool member(const weir_key& key, const Scope& level, void* out) {
    const Node* written = level.table == nullptr ? nullptr : level.table->find(key.name);
    const Node* again = level.overlay == nullptr ? nullptr : level.overlay->find(key.name);
    const std::string path = joined(level.path, key.name);
    warn_deprecated(key, written);
    warn_deprecated(key, again);
    const bool per_route = level.all_per_route || (key.flags & WEIR_PER_ROUTE) != 0;
    const bool nested = key.type == WEIR_TABLE && (key.flags & (WEIR_LIST | WEIR_MAP)) == 0;
    if (nested) return nested_table(key, {written, again, path, per_route, false}, out);
    if (again != nullptr && !per_route) {
      fixed(*again, path);
      return false;
    }
    const Node* node = again != nullptr ? again : written;
    if (node != nullptr) return value(key, *node, path, out);
    if ((key.flags & WEIR_REQUIRED) != 0 && level.written) return missing(key, path, level);
    return key.preset == nullptr || preset(key, path, out);
  }

  bool nested_table(const weir_key& key, Scope level, void* out) {
    for (const Node* node : {level.table, level.overlay}) {
      if (node != nullptr && !node->is(Kind::table)) return wrong_shape(key, *node, level.path);
    }
    if (level.table == nullptr && level.overlay == nullptr) {
      if ((key.flags & WEIR_REQUIRED) != 0) return missing(key, level.path, level);
      if (key.preset != nullptr) return preset(key, level.path, out);
    }
    level.written = level.table != nullptr || level.overlay != nullptr;
    return table(*key.sub, level, out);
  }

  bool missing(const weir_key& key, const std::string& path, const Scope& level) {
    const Node* table = level.table != nullptr ? level.table : level.overlay;
    if (table == nullptr) table = input_.table != nullptr ? input_.table : input_.overlay;
    report_.error(table != nullptr ? table->place() : input_.place,
                  input_.title + " needs '" + path + "'",
                  "add " + std::string{key.name} + " = " + example_value(key));
    return false;
  }

  void warn_deprecated(const weir_key& key, const Node* node) {
    if (node == nullptr || (key.flags & WEIR_DEPRECATED) == 0) return;
    report_.warning(node->key_place(), "'" + std::string{key.name} + "' is deprecated",
                    key.doc == nullptr ? "" : key.doc);
  }

  bool wrong_shape(const weir_key& key, const Node& node, const std::string& path) {
    const bool map = (key.flags & WEIR_MAP) != 0;
    report_.error(node.place(),
                  path + ": expected " +
                      (map ? "a table such as " + example_value(key) : expected_value(key)) +
                      ", found " + node.shown());
    return false;
  }

  // A value with its list or map around it.
  bool value(const weir_key& key, const Node& node, const std::string& path, void* out) {
    if ((key.flags & WEIR_MAP) != 0) return map(key, node, path, out);
    if ((key.flags & WEIR_LIST) != 0) return list(key, node, path, out);
    return single(key, node, path, out);
  }

  bool single(const weir_key& key, const Node& node, const std::string& path, void* out) {
    if (key.type == any_value) {
      ::new (out) const Node* {&node};
      return true;
    }
    if (key.type != WEIR_TABLE) return values_.read(key, node, path, out);
    if (!node.is(Kind::table)) return wrong_shape(key, node, path);
    return table(*key.sub, {&node, nullptr, path, true, true}, out);
  }

  bool list(const weir_key& key, const Node& node, const std::string& path, void* out) {
    const bool many = node.is(Kind::array);
    const std::span<const Node> items = many ? node.children() : std::span<const Node>{&node, 1};
    const size_t stride = value_size(key);
    weir_list made{items.empty() ? nullptr : storage_.zeroed(stride * items.size()), items.size()};
    bool good = true;
    for (size_t i = 0; i < items.size(); ++i) {
      const std::string each = many ? path + "[" + std::to_string(i) + "]" : path;
      good &= single(key, items[i], each, at(const_cast<void*>(made.items), i * stride));
    }
    std::memcpy(out, &made, sizeof made);
    return good;
  }

  bool map(const weir_key& key, const Node& node, const std::string& path, void* out) {
    if (!node.is(Kind::table)) return wrong_shape(key, node, path);
    const std::span<const Node> items = node.children();
    const size_t stride = map_stride(key);
    weir_list made{items.empty() ? nullptr : storage_.zeroed(stride * items.size()), items.size()};
    std::set<uint64_t> seen;
    bool good = true;
    for (size_t i = 0; i < items.size(); ++i) {
      std::byte* entry = at(const_cast<void*>(made.items), i * stride);
      const weir_str name = storage_.copy(items[i].key());
      uint64_t id = 0;
      if ((key.flags & WEIR_FIELD_KEYS) != 0) {
        id = field_id(items[i], path);
        if (id != 0 && !seen.insert(id).second) {
          report_.error(items[i].key_place(),
                        path + ": the field '" + readable(items[i].key()) + "' is named twice",
                        "case makes no difference in field names");
          id = 0;
        }
        good &= id != 0;
      }
      std::memcpy(entry, &name, sizeof name);
      std::memcpy(entry + sizeof name, &id, sizeof id);
      good &= single(key, items[i], joined(path, items[i].key()), entry + map_head);
    }
    std::memcpy(out, &made, sizeof made);
    return good;
  }

  uint64_t field_id(const Node& node, const std::string& path) {
    std::string name = node.key();
    if (!is_token(name)) {
      report_.error(node.key_place(), path + ": '" + readable(name) + "' is no field name",
                    "letters, digits and - make a field name");
      return 0;
    }
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return intern_(name);
  }

  bool preset(const weir_key& key, const std::string& path, void* out) {
    const std::string_view text{key.preset};
    if (text == "[]" || (text.empty() && (key.flags & WEIR_LIST) != 0)) return true;
    if (preset_is_toml(key)) return toml_preset(key, path, out);
    if ((key.flags & WEIR_LIST) == 0) return checked(values_.preset(key, text, out), key, path);
    weir_list one{storage_.zeroed(value_size(key)), 1};
    std::memcpy(out, &one, sizeof one);
    return checked(values_.preset(key, text, const_cast<void*>(one.items)), key, path);
  }

  bool checked(bool good, const weir_key& key, const std::string& path) {
    if (!good) {
      report_.error(input_.place,
                    path + ": the default '" + readable(key.preset) + "' of " + input_.title +
                        " does not parse",
                    "this is a mistake of the module; expected " + expected_value(key));
    }
    return good;
  }

  bool toml_preset(const weir_key& key, const std::string& path, void* out) {
    Report mistakes;
    const auto document = load_text("preset", "x = " + std::string{key.preset}, mistakes);
    const Node* node = document && mistakes.errors() == 0 ? document->root().find("x") : nullptr;
    if (node == nullptr) return checked(false, key, path);
    return value(key, *node, path, out);
  }

  const Input& input_;
  Storage& storage_;
  Report& report_;
  const Intern& intern_;
  Values values_;
};

// Takes the first step of a path off: a name, a quoted name or an index.
std::string_view take_step(std::string_view& path) {
  if (path.starts_with('.')) path.remove_prefix(1);
  size_t end = path.starts_with('[') ? path.find(']') : path.find_first_of(".[");
  if (end != std::string_view::npos && path[0] == '[') ++end;
  const std::string_view step = path.substr(0, end);
  path.remove_prefix(step.size());
  return step;
}

const Node* item_of(const Node& node, std::string_view step) {
  if (!step.starts_with('[') || step.size() < 3) return node.find(step);
  std::string_view const inner = step.substr(1, step.size() - 2);
  if (inner.starts_with('"') && inner.size() >= 2) {
    return node.find(inner.substr(1, inner.size() - 2));
  }
  size_t index = 0;
  for (const char c : inner) {
    if (c < '0' || c > '9' || index > 100'000'000) return nullptr;
    index = index * 10 + static_cast<size_t>(c - '0');
  }
  if (node.is(Kind::array)) {
    return index < node.children().size() ? &node.children()[index] : nullptr;
  }
  return index == 0 ? &node : nullptr;  // one value counts as a list of one
}

// How far the path leads; `rest` is what could not be followed.
const Node* follow(const Node* node, std::string_view path, std::string_view& rest) {
  rest = path;
  while (node != nullptr && !rest.empty()) {
    // A map's key may hold dots, so the whole rest comes first.
    if (const Node* whole = node->find(rest)) {
      rest = {};
      return whole;
    }
    std::string_view ahead = rest;
    const std::string_view step = take_step(ahead);
    const Node* next = step.empty() ? nullptr : item_of(*node, step);
    if (next == nullptr) break;
    node = next;
    rest = ahead.starts_with('.') ? ahead.substr(1) : ahead;
  }
  return node;
}

}  // namespace

weir_key Keys::operator[](size_t index) const {
  weir_key key{};
  const auto* first = reinterpret_cast<const std::byte*>(schema_->keys);
  std::memcpy(&key, first + index * schema_->key_size,
              std::min<size_t>(sizeof key, schema_->key_size));
  return key;
}

std::optional<weir_key> Keys::find(std::string_view name) const {
  for (size_t i = 0; i < size(); ++i) {
    const weir_key key = (*this)[i];
    if (name == key.name) return key;
  }
  return {};
}

std::vector<std::string> Keys::names() const {
  std::vector<std::string> out;
  out.reserve(size());
  for (size_t i = 0; i < size(); ++i) out.emplace_back((*this)[i].name);
  return out;
}

void* Storage::zeroed(size_t size) {
  void* memory = memory_.allocate(std::max<size_t>(size, 1), alignof(std::max_align_t));
  return std::memset(memory, 0, std::max<size_t>(size, 1));
}

weir_str Storage::copy(std::string_view text) {
  auto* memory = static_cast<char*>(memory_.allocate(text.size() + 1, 1));
  std::copy(text.begin(), text.end(), memory);
  memory[text.size()] = '\0';  // nobody is promised this; C code that forgets it stays harmless
  return {memory, text.size()};
}

const weir_template* Storage::keep(weir_template compiled) {
  return &templates_.emplace_back(std::move(compiled));
}

Filled fill_anyway(const weir_schema& schema, const Input& input, Storage& storage, Report& report,
                   const Intern& intern) {
  Filled out{storage.zeroed(schema.conf_size), true};
  const auto table = [&](const Node* node) {
    if (node == nullptr || node->is(Kind::table)) return node;
    report.error(
        node->place(),
        input.title + ": expected a table such as { name = value }, found " + node->shown());
    out.good = false;
    return static_cast<const Node*>(nullptr);
  };
  const Node* base = table(input.table);
  const Node* overlay = table(input.overlay);
  // Of what is no table at all, nothing can be missing.
  const Scope scope{base, overlay, "", false, out.good};
  out.good &= Filler{input, storage, report, intern}.table(schema, scope, out.conf);
  return out;
}

void* fill(const weir_schema& schema, const Input& input, Storage& storage, Report& report,
           const Intern& intern) {
  const Filled filled = fill_anyway(schema, input, storage, report, intern);
  return filled.good ? filled.conf : nullptr;
}

Place place_of(const Input& input, std::string_view path) {
  std::string_view rest = path;
  const Node* found = follow(input.overlay, path, rest);
  if (found == nullptr || (found == input.overlay && input.table != nullptr) || !rest.empty()) {
    std::string_view rest_of_base = path;
    const Node* base = follow(input.table, path, rest_of_base);
    if (base != nullptr &&
        (found == nullptr || rest_of_base.size() < rest.size() || found == input.overlay)) {
      found = base;
    }
  }
  return found == nullptr ? input.place : found->place();
}

}  // namespace weir::conf
