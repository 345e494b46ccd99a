// SPDX-License-Identifier: Apache-2.0
#include "conf/report.hpp"

#include "conf/place.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <ostream>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::conf {

namespace {

constexpr size_t most_shown_names = 8;
constexpr size_t longest_compared = 64;
constexpr size_t most_suggestions =
    200;  // of one report: comparing is the costly part of a mistake

struct Colours {
  const char *error, *warning, *note, *gutter, *caret, *off;
};
constexpr Colours no_colours{"", "", "", "", "", ""};
constexpr Colours ansi{"\033[1;31m", "\033[1;33m", "\033[1;36m",
                       "\033[34m",   "\033[1;32m", "\033[0m"};

const char* word(Level level) {
  return level == Level::error ? "error" : level == Level::warning ? "warning" : "note";
}

const char* colour_of(Level level, const Colours& colours) {
  return level == Level::error     ? colours.error
         : level == Level::warning ? colours.warning
                                   : colours.note;
}

// One column for one column, so that carets stay under what they mean. C1 controls are two bytes.
std::string shown_line(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = utf8_sequence(text);
    const auto first = static_cast<unsigned char>(text[0]);
    const bool control =
        (first < 0x20 && first != '\t') || first == 0x7F ||
        (length == 2 && first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0);
    const size_t taken = std::max<size_t>(length, 1);
    if (length == 0 || control) {
      out += '?';
    } else {
      out += text.substr(0, taken);
    }
    text.remove_prefix(taken);
  }
  return out;
}

struct Window {
  std::string text, blanks;  // blanks: what stands before the caret, tabs kept
  uint32_t length;
};

// A long line is cut to the part around the span.
Window window(const Excerpt& excerpt) {
  constexpr uint32_t widest = 120, lead = 40;
  std::vector<std::string> points;
  std::string_view rest = excerpt.text;
  while (!rest.empty()) {
    const size_t length = utf8_sequence(rest);
    points.emplace_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  const auto total = static_cast<uint32_t>(points.size());
  const uint32_t at = std::min(excerpt.column == 0 ? 0 : excerpt.column - 1, total);
  const uint32_t from = total > widest && at > lead ? at - lead : 0;
  const uint32_t to = std::min(total, from + widest);
  Window out;
  if (from > 0) out.text = out.blanks = "...";
  out.blanks.assign(out.blanks.size(), ' ');
  for (uint32_t i = from; i < to; ++i) {
    out.text += points[i];
    if (i < at) out.blanks += points[i] == "\t" ? "\t" : " ";
  }
  if (to < total) out.text += "...";
  out.length =
      std::clamp<uint32_t>(excerpt.length, 1, std::max<uint32_t>(to - std::min(at, to), 1));
  return out;
}

void print_excerpt(std::ostream& out, const Excerpt& excerpt, const Colours& colours) {
  if (excerpt.file.empty()) {
    if (!excerpt.remark.empty()) out << "  = " << excerpt.remark << '\n';
    return;
  }
  out << colours.gutter << "  --> " << colours.off << readable_path(excerpt.file);
  if (excerpt.line == 0) {
    out << '\n';
    if (!excerpt.remark.empty()) out << "  = " << excerpt.remark << '\n';
    return;
  }
  out << ':' << excerpt.line << ':' << excerpt.column << '\n';
  const std::string number = std::to_string(excerpt.line);
  const Window shown = window(excerpt);
  out << colours.gutter << number << " | " << colours.off << shown.text << '\n'
      << colours.gutter << std::string(number.size(), ' ') << " | " << colours.off << shown.blanks
      << colours.caret << std::string(shown.length, '^') << colours.off;
  if (!excerpt.remark.empty()) out << ' ' << excerpt.remark;
  out << '\n';
}

std::string counted(size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// Edits between two words, a swap of neighbours counting as one; `bound` + 1 when there are more.
size_t distance(std::string_view a, std::string_view b, size_t bound) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > bound) return bound + 1;
  std::array<std::array<size_t, longest_compared + 1>, 3> rows{};
  std::iota(rows[0].begin(), rows[0].end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = a[i - 1] == b[j - 1];
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], rows[(i + 1) % 3][j - 2] + 1);
      }
    }
  }
  return rows[a.size() % 3][b.size()];
}

void append_place(std::string& out, const Excerpt& at) {
  out += "\"file\":" + json_string(at.file) + ",\"line\":" + std::to_string(at.line) +
         ",\"column\":" + std::to_string(at.column) + ",\"length\":" + std::to_string(at.length);
}

}  // namespace

void Report::error(const Place& place, std::string message, std::string hint) {
  add({Level::error, false, std::move(message), excerpt_of(place, std::move(hint)), {}});
}

void Report::warning(const Place& place, std::string message, std::string hint) {
  add({Level::warning, false, std::move(message), excerpt_of(place, std::move(hint)), {}});
}

void Report::note(const Place& place, std::string message, std::string hint) {
  add({Level::note, false, std::move(message), excerpt_of(place, std::move(hint)), {}});
}

void Report::world(const Place& place, std::string message, std::string hint) {
  add({Level::error, true, std::move(message), excerpt_of(place, std::move(hint)), {}});
}

void Report::conflict(const Place& place, std::string message, const Place& other,
                      std::string remark) {
  add({Level::error, false, std::move(message), excerpt_of(place),
       excerpt_of(other, std::move(remark))});
}

void Report::unknown_name(const Place& place, std::string_view what, std::string_view name,
                          std::span<const std::string> known) {
  std::string hint;
  if (findings_.size() < most_suggestions) hint = suggestion(name, known);
  error(place, "unknown " + std::string{what} + " '" + readable(name) + "'", std::move(hint));
}

int Report::exit_status() const {
  bool world = false;
  for (const Finding& finding : findings_) {
    if (finding.level != Level::error) continue;
    if (!finding.world) return 1;
    world = true;
  }
  return world ? 2 : 0;
}

size_t Report::count(Level level) const {
  return static_cast<size_t>(std::count_if(findings_.begin(), findings_.end(),
                                           [&](const auto& each) { return each.level == level; }));
}

// Files stay in the order in which they were first spoken of: the main file is read first.
std::vector<const Finding*> Report::sorted() const {
  std::vector<std::string> files;
  using Key = std::tuple<bool, size_t, uint32_t, uint32_t, size_t>;
  std::vector<std::pair<Key, const Finding*>> keyed;
  for (const Finding& finding : findings_) {
    const auto found = std::ranges::find(files, finding.at.file);
    const auto file = static_cast<size_t>(found - files.begin());
    if (found == files.end()) files.push_back(finding.at.file);
    keyed.emplace_back(
        Key{finding.at.file.empty(), file, finding.at.line, finding.at.column, keyed.size()},
        &finding);
  }
  std::ranges::sort(keyed);
  std::vector<const Finding*> out;
  out.reserve(keyed.size());
  for (const auto& [key, finding] : keyed) out.push_back(finding);
  return out;
}

void Report::print(std::ostream& out, bool colour) const {
  const Colours& colours = colour ? ansi : no_colours;
  std::set<std::string> files;
  for (const Finding* each : sorted()) {
    const Finding& finding = *each;
    out << colour_of(finding.level, colours) << word(finding.level) << ": " << colours.off
        << finding.message << '\n';
    print_excerpt(out, finding.at, colours);
    if (!finding.other.file.empty()) print_excerpt(out, finding.other, colours);
    if (!finding.at.file.empty()) files.insert(finding.at.file);
  }
  if (errors() + warnings() == 0) return;
  if (errors() > 0) out << counted(errors(), "error");
  if (warnings() > 0) out << (errors() > 0 ? ", " : "") << counted(warnings(), "warning");
  if (files.size() == 1) out << " in " << readable_path(*files.begin());
  if (files.size() > 1) out << " in " << files.size() << " files";
  out << '\n';
}

std::vector<std::string> Report::lines() const {
  std::vector<std::string> out;
  for (const Finding* const finding : sorted()) {
    std::string line;
    if (!finding->at.file.empty()) {
      line = finding->at.file + ":" + std::to_string(finding->at.line) + ":" +
             std::to_string(finding->at.column) + ": ";
    }
    line += finding->message;
    if (!finding->at.remark.empty()) line += " (" + finding->at.remark + ")";
    out.push_back(std::move(line));
  }
  return out;
}

std::string Report::to_json() const {
  std::string out = "[";
  for (const Finding* each : sorted()) {
    const Finding& finding = *each;
    out += out.size() > 1 ? ",\n {" : "\n {";
    out += R"("level":")" + std::string{word(finding.level)} + R"(","world":)";
    out += finding.world ? "true" : "false";
    out += ",\"message\":" + json_string(finding.message);
    out += ",\"hint\":" + json_string(finding.at.remark) + ",";
    append_place(out, finding.at);
    if (!finding.other.file.empty()) {
      out += ",\"other\":{";
      append_place(out, finding.other);
      out += ",\"message\":" + json_string(finding.other.remark) + "}";
    }
    out += "}";
  }
  return out + (out.size() > 1 ? "\n]\n" : "]\n");
}

Excerpt excerpt_of(const Place& place, std::string remark) {
  Excerpt out;
  out.remark = std::move(remark);
  if (place.source == nullptr) return out;
  out.file = place.source->name();
  out.line = place.line;
  out.column = place.column;
  out.length = place.length;
  out.text = shown_line(place.source->line(place.line));
  return out;
}

std::string_view nearest(std::string_view name, std::span<const std::string> known) {
  std::string_view best;
  size_t bound = std::max<size_t>(name.size() / 3, 1);
  for (const std::string& each : known) {
    if (name.size() > longest_compared || each.size() > longest_compared) continue;
    if (name.size() >= 3 && each.starts_with(name)) return each;
    const size_t edits = distance(name, each, bound);
    // One letter turned into another is a slip only in words of some length.
    if (edits > bound || edits >= std::max(name.size(), each.size())) continue;
    best = each;
    if (edits == 0) break;
    bound = edits - 1;
  }
  return best;
}

std::string suggestion(std::string_view name, std::span<const std::string> known) {
  if (known.empty()) return "there is none";
  const std::string_view near = nearest(name, known);
  if (!near.empty()) return "did you mean '" + readable(near) + "'?";
  std::string out = "known: ";
  for (size_t i = 0; i < known.size() && i < most_shown_names; ++i) {
    out += (i == 0 ? "" : ", ") + readable(known[i]);
  }
  if (known.size() > most_shown_names) {
    out += " and " + std::to_string(known.size() - most_shown_names) + " more";
  }
  return out;
}

std::string readable(std::string_view text) {
  constexpr uint32_t longest = 80;
  const bool cut = code_points(text) > longest;
  std::string out = readable_path(text);
  if (!cut) return out;
  size_t end = 0;
  for (uint32_t i = 0; i < longest && end < out.size(); ++i) {
    end += utf8_sequence(std::string_view{out}.substr(end));
  }
  out.resize(end);
  return out + "...";
}

std::string readable_path(std::string_view path) {
  std::string out = shown_line(path);
  std::ranges::replace(out, '\t', ' ');
  return out;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const size_t length = utf8_sequence(text);
    const auto first = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (first < 0x20 || first == '"' || first == '\\' || first == 0x7F) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", first);
      out += first == '"' ? "\\\"" : first == '\\' ? "\\\\" : first == '\n' ? "\\n" : escape.data();
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out + "\"";
}

}  // namespace weir::conf
