// SPDX-License-Identifier: Apache-2.0
#include "conf/fingerprint.hpp"

#include <weir/module.h>

#include "conf/file.hpp"
#include "conf/schema.hpp"
#include "conf/values.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

namespace weir::conf {
namespace {

void append_text(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

void append(std::string& out, const Node& node);

// The order of keys means nothing.
void append_table(std::string& out, const Node& table) {
  std::vector<const Node*> children;
  for (const Node& child : table.children()) children.push_back(&child);
  std::sort(children.begin(), children.end(),
            [](const Node* a, const Node* b) { return a->key() < b->key(); });
  for (const Node* const child : children) {
    append_text(out, child->key());
    append(out, *child);
  }
}

void append(std::string& out, const Node& node) {
  constexpr std::string_view letters = "{[tirbd";
  out += letters[static_cast<size_t>(node.kind())];
  switch (node.kind()) {
    case Kind::table:
      append_table(out, node);
      break;
    case Kind::array:
      for (const Node& child : node.children()) append(out, child);
      break;
    case Kind::text:
    case Kind::date:
      append_text(out, node.text());
      break;
    case Kind::integer:
      out += std::to_string(node.integer());
      break;
    case Kind::real: {
      char digits[32];
      out.append(digits, std::to_chars(digits, digits + sizeof digits, node.real()).ptr);
      break;
    }
    case Kind::boolean:
      out += node.boolean() ? '1' : '0';
      break;
  }
  out += ';';
}

// Names under which a table of this schema names files. A secret may be { file = "..." }.
void file_keys(const weir_schema& schema, std::vector<std::string>& names, bool& preset) {
  const Keys keys(schema);
  for (size_t i = 0; i < keys.size(); ++i) {
    const weir_key key = keys[i];
    if (key.type == WEIR_FILE) names.emplace_back(key.name);
    if (key.type == WEIR_FILE && key.preset != nullptr) preset = true;
    if (key.type == WEIR_TABLE && key.sub != nullptr) file_keys(*key.sub, names, preset);
  }
}

bool is_one_of(const Node& node, const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), node.key()) != names.end();
}

bool names_file(const Node& node, const std::vector<std::string>& names) {
  if (is_one_of(node, names)) return true;
  return std::any_of(node.children().begin(), node.children().end(),
                     [&](const Node& child) { return names_file(child, names); });
}

// What the system says of each file that `node` names.
void append_file(std::string& out, const Node& node) {
  for (const Node& child : node.children()) append_file(out, child);
  if (!node.is(Kind::text)) return;
  struct stat found {};
  if (::stat(absolute_path(node.source(), node.text()).c_str(), &found) != 0) return;
  for (const auto part :
       {static_cast<uint64_t>(found.st_dev), static_cast<uint64_t>(found.st_ino),
        static_cast<uint64_t>(found.st_size), static_cast<uint64_t>(found.st_mtim.tv_sec),
        static_cast<uint64_t>(found.st_mtim.tv_nsec)}) {
    out += std::to_string(part) + ',';
  }
}

void append_files(std::string& out, const Node& node, const std::vector<std::string>& names) {
  if (is_one_of(node, names)) return append_file(out, node);
  for (const Node& child : node.children()) append_files(out, child, names);
}

}  // namespace

std::string fingerprint(const Node& node) {
  std::string out;
  append(out, node);
  return out;
}

std::string fingerprint(const weir_schema& schema, const Input& input, bool reads_files) {
  std::vector<std::string> names{"file"};
  bool preset = false;  // a file that is named by nobody, and may change all the same
  file_keys(schema, names, preset);
  if (preset) return {};
  std::string out = "conf";
  for (const Node* const table : {input.table, input.overlay}) {
    if (table == nullptr) {
      out += '-';
      continue;
    }
    if (!reads_files && names_file(*table, names)) return {};
    append(out, *table);
    append_files(out, *table, names);
  }
  return out;
}

}  // namespace weir::conf
