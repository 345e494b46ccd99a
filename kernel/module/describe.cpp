// SPDX-License-Identifier: Apache-2.0
#include "module/describe.hpp"

#include <weir/module.h>

#include "conf/describe.hpp"
#include "module/image.hpp"
#include "module/refusal.hpp"
#include "module/registry.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

namespace {

using Row = std::vector<std::string>;

// Columns as wide as their widest cell; the last one runs free.
std::string aligned(const std::vector<Row>& rows, const std::string& margin) {
  std::vector<size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line = margin;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::vector<std::string> strings(const char* const* list) {
  std::vector<std::string> all;
  for (; list != nullptr && *list != nullptr; ++list) all.emplace_back(*list);
  return all;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return lines;
}

// The cells of one line of a Markdown table, without its markup.
Row cells(std::string_view line) {
  Row row;
  std::string cell;
  for (size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cell += line[++i];
    } else if (line[i] == '|') {
      const auto first = std::min(cell.find_first_not_of(' '), cell.size());
      row.push_back(cell.substr(first, cell.find_last_not_of(' ') + 1 - first));
      cell.clear();
    } else if (line[i] != '`') {
      cell += line[i];
    }
  }
  return row;
}

// The table of the manual, for a terminal.
std::string key_lines(const weir_schema& schema) {
  std::vector<Row> rows;
  const std::string table = conf::key_table(schema);
  for (const auto line : lines_of(table)) {
    if (!line.starts_with("|--") && !line.starts_with("| --")) rows.push_back(cells(line));
  }
  return aligned(rows, "  ");
}

// "filter, draft, security"
std::string standing(const weir_component& component) {
  std::vector<std::string> words{kind_word(component.kind)};
  words.emplace_back((component.flags & WEIR_DRAFT) != 0 ? "draft" : "stable");
  if ((component.flags & WEIR_SECURITY) != 0) words.emplace_back("security");
  if ((component.flags & WEIR_ANSWERS) != 0) words.emplace_back("answers by itself");
  return joined(words);
}

std::string describe_component(const weir_component& component) {
  std::string text = std::string{"\n"} + component.name + ": " + standing(component) + " (" +
                     component.kind + ")\n  " + component.doc + "\n";
  const auto identity = strings(component.identity);
  if (!identity.empty()) {
    text += "  Only it may set " + joined(identity) + "; requests arrive without.\n";
  }
  if (component.schema == nullptr || component.schema->count == 0) {
    return text + "  It has no keys.\n";
  }
  return text + "\n" + key_lines(*component.schema);
}

std::string manual_of_component(const weir_component& component, bool alone) {
  std::string text;
  if (!alone) text = std::string{"### `"} + component.name + "`\n\n" + component.doc + "\n\n";
  text += "Kind: " + standing(component) + ".";
  const auto identity = strings(component.identity);
  if (!identity.empty()) text += " Only it may set " + joined(identity) + ".";
  const bool keys = component.schema != nullptr && component.schema->count > 0;
  if (!keys) return text + " It has no keys.\n";
  return text + "\n\n" + conf::key_table(*component.schema);
}

}  // namespace

std::string kind_word(std::string_view kind) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> words{{
      {"weir.http-filter/1", "filter"},
      {"weir.handler/1", "handler"},
      {"weir.balancer/1", "balancer"},
      {"weir.observer/1", "observer"},
      {"weir.transport/1", "transport"},
  }};
  for (const auto& [id, word] : words) {
    if (id == kind) return std::string{word};
  }
  return std::string{kind};
}

std::string list_modules(const std::vector<std::string>& folders) {
  std::vector<Row> rows;
  for (const auto& [name, path] : module_files(folders)) {
    const auto file = check_image(path);
    if (!file) {
      rows.push_back({name, "-", "-", file.error().sentence()});
      continue;
    }
    if (file->note.name != name) {
      rows.push_back({name, "-", "-",
                      path + ": holds the module '" + file->note.name + "'; rename the file to " +
                          file->note.name + ".so"});
      continue;
    }
    std::vector<std::string> kinds;
    for (const auto& kind : file->note.kinds) kinds.push_back(kind_word(kind));
    rows.push_back({name, file->note.version, joined(kinds), file->path});
  }
  if (rows.empty()) {
    return "no modules in " + (folders.empty() ? "any folder" : joined(folders)) + "\n";
  }
  rows.insert(rows.begin(), Row{"name", "version", "kinds", "file"});
  return aligned(rows, "");
}

std::string describe_module(const Image& image) {
  const weir_module& module = image.module();
  std::vector<Row> rows{
      {"file", image.path()},
      {"sha256", image.sha256()},
      {"ABI", "built for 1." + std::to_string(module.minor_built) + ", needs 1." +
                  std::to_string(module.minor_required)},
      {"license", module.license == nullptr ? "not stated" : module.license},
  };
  const auto needs = strings(module.needs);
  rows.push_back({"permissions", needs.empty() ? "none" : joined(needs)});
  std::string text = std::string{module.name} + " " + module.version + "\n" + aligned(rows, "  ");
  for (const Component& component : image.components()) text += describe_component(component.table);
  return text;
}

std::string manual_of(const Image& image) {
  std::string text;
  const bool alone = image.components().size() == 1;
  for (const Component& component : image.components()) {
    if (!text.empty()) text += "\n";
    text += manual_of_component(component.table, alone);
  }
  return text;
}

Loaded<std::string> with_manual(std::string_view readme, std::string_view manual) {
  constexpr std::string_view open = "<!-- keys -->\n";
  constexpr std::string_view close = "<!-- /keys -->";
  const auto start = readme.find(open);
  const auto end = start == readme.npos ? start : readme.find(close, start);
  if (end == readme.npos) {
    return LoadRefusal{"it has no place for the keys",
                       "put the lines <!-- keys --> and <!-- /keys --> where they belong"};
  }
  return std::string{readme.substr(0, start + open.size())} + std::string{manual} +
         std::string{readme.substr(end)};
}

std::string difference(std::string_view before, std::string_view after, const std::string& name) {
  if (before == after) return "";
  const auto from = lines_of(before);
  const auto to = lines_of(after);
  const size_t most = std::min(from.size(), to.size());
  size_t head = 0;
  while (head < most && from[head] == to[head]) ++head;
  size_t tail = 0;
  while (tail < most - head && from[from.size() - 1 - tail] == to[to.size() - 1 - tail]) ++tail;
  const size_t first = head < 3 ? 0 : head - 3;
  const size_t after_tail = std::min<size_t>(tail, 3);
  const auto range = [&](size_t size) {
    const size_t count = size - tail + after_tail - first;
    return std::to_string(count == 0 ? first : first + 1) + "," + std::to_string(count);
  };
  std::string text = "--- " + name + "\n+++ " + name + "\n@@ -" + range(from.size()) + " +" +
                     range(to.size()) + " @@\n";
  const auto add = [&](char mark, const auto& lines, size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) text += mark + std::string{lines[i]} + "\n";
  };
  add(' ', from, first, head);
  add('-', from, head, from.size() - tail);
  add('+', to, head, to.size() - tail);
  add(' ', from, from.size() - tail, from.size() - tail + after_tail);
  return text;
}

}  // namespace weir
