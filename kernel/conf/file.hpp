// SPDX-License-Identifier: Apache-2.0
//
// Conf files as a tree of nodes that know where they were written.
//
// toml++ does the reading and stays inside file.cpp: its tables lose the order of the file, which
// matters for messages, and throw, which nothing above this header has to know. Syntax mistakes are
// reported with a way out; where the intent is plain (30s without quotes, a name defined twice) the
// reading goes on, so that one run shows them all.
//
// Thread: any; a Document is immutable.
#pragma once

#include "conf/place.hpp"
#include "conf/report.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weir::conf {

enum class Kind : uint8_t { table, array, text, integer, real, boolean, date };

// Begin and end of a key or value, the end exclusive.
struct Extent {
  uint32_t line = 0, column = 0, end_line = 0, end_column = 0;
};

class Node {
 public:
  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }

  // The value. Expects: the kind fits. A date is given as it was written.
  const std::string& text() const;
  int64_t integer() const;
  double real() const;
  bool boolean() const;

  // The name in the table that holds this node; empty for what stands in an array.
  const std::string& key() const { return key_; }

  // Of a table or an array, in the order of the file; empty for the rest.
  std::span<const Node> children() const { return children_; }

  // A table's child of that name; nullptr: there is none.
  const Node* find(std::string_view name) const;

  Place place() const;      // of the value; of a [table], its header
  Place key_place() const;  // of the name; of the value where there is none

  // A piece of a text value: `at` and `length` count bytes of the value, not of its spelling.
  Place inside(size_t at, size_t length) const;

  const Source& source() const { return *source_; }

  // As the file would say it, shortened: 30, "yes", an array, a table.
  std::string shown() const;

 private:
  friend class Builder;
  Place located(const Extent& extent) const;

  Kind kind_ = Kind::table;
  std::variant<std::monostate, bool, int64_t, double, std::string> value_;
  std::string key_;
  std::vector<Node> children_;
  std::vector<uint32_t> by_name_;  // of a large table: its children sorted by name
  const Source* source_ = nullptr;
  Extent key_extent_, extent_;
};

class Document {
 public:
  const Node& root() const { return *root_; }
  const Source& main() const { return *sources_.front(); }
  std::span<const std::unique_ptr<Source>> sources() const { return sources_; }

 private:
  friend class Builder;
  std::vector<std::unique_ptr<Source>> sources_;  // the main file first
  std::unique_ptr<Node> root_;
};

// The main file and what its `include` names. A Document may come with errors in the report, so
// that its content can be checked too; nullopt: nothing useful could be read.
std::optional<Document> load_file(const std::string& path, Report& report);

// The same from memory; relative paths start from the current folder.
std::optional<Document> load_text(const std::string& name, std::string text, Report& report);

// Bounds, so that a wrong file ends in a message and not in the memory's end.
constexpr size_t largest_file = 16u << 20;
constexpr size_t most_included_files = 1000;
constexpr size_t deepest_nesting = 32;

}  // namespace weir::conf
