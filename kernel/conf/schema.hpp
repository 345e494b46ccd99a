// SPDX-License-Identifier: Apache-2.0
//
// Fills a C struct from a table of a conf file as a weir_schema says.
//
// A key is said once, in the schema: from it come reading, checking with places, the changes a
// route may make, and what describe.hpp prints. A module's schema is data from foreign code: its
// size and stride are honoured, and flaws() finds what would make filling it unsafe; run it before
// fill.
//
// Thread: the control thread.
#pragma once

#include <weir/module.h>

#include "conf/file.hpp"
#include "conf/report.hpp"
#include "conf/template.hpp"

#include <deque>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::conf {

// A type beyond those of module.h, for the kernel's own tables: `const Node*`, whose shape depends
// on what is written. The reader of the table checks it.
constexpr uint32_t any_value = 1000;

// The keys of a schema, whatever stride they were compiled with.
class Keys {
 public:
  explicit Keys(const weir_schema& schema) : schema_(&schema) {}
  size_t size() const { return schema_->count; }
  weir_key operator[](size_t index) const;
  std::optional<weir_key> find(std::string_view name) const;
  std::vector<std::string> names() const;

 private:
  const weir_schema* schema_;
};

// Owns what a filled struct points to, and the struct. It outlives the instance.
class Storage {
 public:
  Storage() = default;
  ~Storage() = default;
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* zeroed(size_t size);  // aligned for any type
  weir_str copy(std::string_view text);
  const weir_template* keep(weir_template compiled);

 private:
  std::pmr::monotonic_buffer_resource memory_;
  std::deque<weir_template> templates_;
};

// One table to read.
struct Input {
  const Node* table = nullptr;           // nullptr: nothing is written, presets hold
  const Node* overlay = nullptr;         // what a route sets again: PER_ROUTE keys only
  std::string title;                     // how messages call the table: "[filter.pages]"
  const weir_schema* besides = nullptr;  // keys the table may hold too; they are not filled
  bool open = false;                     // other keys belong to someone else and are not looked at
  Place place;                           // where a missing key is reported if table is nullptr
};

// The struct, made in `storage`; where something was wrong, which is reported, its member is zero.
struct Filled {
  void* conf;
  bool good;
};
Filled fill_anyway(const weir_schema& schema, const Input& input, Storage& storage, Report& report,
                   const Intern& intern);

// The same, or nullptr when something was reported as an error.
void* fill(const weir_schema& schema, const Input& input, Storage& storage, Report& report,
           const Intern& intern);

// Where a module's key path such as "users[2].hash" stands, in the overlay if it is written there;
// the nearest existing thing above it otherwise. `path` may be empty: the table.
Place place_of(const Input& input, std::string_view path);

// What is wrong with the schema itself: names twice, members outside the struct, unreadable
// presets, types and flags that do not go together. `kernel` allows any_value.
std::vector<std::string> flaws(const weir_schema& schema, bool kernel = false);

}  // namespace weir::conf
