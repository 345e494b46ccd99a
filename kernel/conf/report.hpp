// SPDX-License-Identifier: Apache-2.0
//
// All findings of one run over a configuration, and the way people and programs see them.
//
// A reader never stops at the first mistake: it reports and goes on, and whoever started it looks
// at errors() in the end. A finding copies what it shows, so a Report outlives the file it speaks
// of.
//
// Thread: one owner.
#pragma once

#include "conf/place.hpp"

#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::conf {

enum class Level : uint8_t { note, warning, error };

// A place with the line that stands there. file is empty: nowhere.
struct Excerpt {
  std::string file;
  uint32_t line = 0, column = 0, length = 0;
  std::string text;
  std::string remark;  // stands under the text, behind the caret line
};

struct Finding {
  Level level = Level::error;
  bool world = false;  // not the file is wrong but what it speaks of: a missing file, a port in use
  std::string message;  // lower case, no full stop, the thing first
  Excerpt at;           // its remark is the way out
  Excerpt other;        // a second place, such as the first definition of what is defined twice
};

class Report {
 public:
  void error(const Place& place, std::string message, std::string hint = {});
  void warning(const Place& place, std::string message, std::string hint = {});
  void note(const Place& place, std::string message, std::string hint = {});

  // The file may be right and still cannot work here and now: exit status 2.
  void world(const Place& place, std::string message, std::string hint = {});

  // Two places that do not go together; `remark` says what stands at the second.
  void conflict(const Place& place, std::string message, const Place& other, std::string remark);

  // `what` is a word such as "upstream"; the nearest of `known` is proposed, or all are listed.
  void unknown_name(const Place& place, std::string_view what, std::string_view name,
                    std::span<const std::string> known);

  size_t errors() const { return count(Level::error); }
  size_t warnings() const { return count(Level::warning); }
  std::span<const Finding> findings() const { return findings_; }

  // 0 good, 1 the file is wrong, 2 the file is good and the world is wrong.
  int exit_status() const;

  // Sorted by place, with excerpts and one line of summary; nothing when there are no findings.
  void print(std::ostream& out, bool colour) const;

  // The same for a log, one line each: "weir.toml:3:5: what is wrong (the way out)".
  std::vector<std::string> lines() const;

  // An array of objects: level, world, message, hint, file, line, column, length, other.
  std::string to_json() const;

  void add(Finding finding) { findings_.push_back(std::move(finding)); }

 private:
  size_t count(Level level) const;
  std::vector<const Finding*> sorted() const;

  std::vector<Finding> findings_;
};

// What a finding copies of a place.
Excerpt excerpt_of(const Place& place, std::string remark = {});

// "did you mean 'x'?", or what else there is: "known: a, b, c" or "there is none".
std::string suggestion(std::string_view name, std::span<const std::string> known);

// The one of `known` that `name` is a likely slip of; empty: none is near.
std::string_view nearest(std::string_view name, std::span<const std::string> known);

// Text from a file as a message shows it: no control characters, valid UTF-8, at most 80 code
// points.
std::string readable(std::string_view text);
// The same, however long: a path that is cut leads nowhere.
std::string readable_path(std::string_view path);

// With quotes and escapes.
std::string json_string(std::string_view text);

}  // namespace weir::conf
