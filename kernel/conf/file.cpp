// SPDX-License-Identifier: Apache-2.0
#include "conf/file.hpp"

#include "conf/place.hpp"
#include "conf/report.hpp"
#include "conf/scan.hpp"
#include "conf/syntax.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <ios>
#include <iterator>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <ranges>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <Poco/Exception.h>
#include <Poco/File.h>
#include <Poco/Glob.h>
#include <Poco/Path.h>
#include <toml++/impl/node.h>
#include <toml++/impl/parse_error.h>
#include <toml++/impl/parser.h>
#include <toml++/impl/source_region.h>
#include <toml++/impl/table.h>

namespace weir::conf {

namespace {

constexpr int most_repairs = 20;

// A repair that made a line longer or shorter: columns behind `end` are off by `by`.
struct Shift {
  uint32_t line, end;
  int64_t by;
};

Place place_at(const Source& source, std::string_view text, size_t at, size_t length,
               const std::vector<Shift>& shifts) {
  at = std::min(at, text.size());
  const std::string_view before = text.substr(0, at);
  const auto line = static_cast<uint32_t>(1 + std::count(before.begin(), before.end(), '\n'));
  const size_t begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  int64_t column = 1 + static_cast<int64_t>(code_points(before.substr(begin)));
  for (auto shift : std::ranges::reverse_view(shifts)) {
    if (shift.line == line && column >= shift.end) column -= shift.by;
  }
  const std::string_view spot = text.substr(at, std::min(length, text.size() - at));
  return {&source, line, static_cast<uint32_t>(std::max<int64_t>(column, 1)),
          std::max<uint32_t>(code_points(spot.substr(0, spot.find('\n'))), 1)};
}

// Reads one text, mending what can be mended in a copy.
class Reader {
 public:
  Reader(const Source& source, Report& report)
      : source_(source), report_(report), text_(source.text()) {}

  std::optional<toml::table> run() {
    for (int repairs = 0; repairs < most_repairs; ++repairs) {
      if (const auto deep = too_deep(text_, deepest_nesting)) {
        report_.error(at(*deep, 1),
                      "nested deeper than " + std::to_string(deepest_nesting) + " levels");
        return {};
      }
      try {
        toml::table table = toml::parse(std::string_view{text_}, std::string_view{});
        return complete_ ? std::optional{std::move(table)} : std::nullopt;
      } catch (const toml::parse_error& error) {
        mend(error);
      }
    }
    return {};
  }

  const std::vector<Shift>& shifts() const { return shifts_; }

 private:
  Place at(size_t offset, size_t length) const {
    return place_at(source_, text_, offset, length, shifts_);
  }

  size_t offset_of(const toml::source_position& position) const {
    size_t begin = 0;
    for (toml::source_index line = 1; line < position.line; ++line) {
      const size_t end = text_.find('\n', begin);
      if (end == std::string::npos) return text_.size();
      begin = end + 1;
    }
    const size_t end = std::min(text_.find('\n', begin), text_.size());
    for (toml::source_index column = 1; column < position.column && begin < end; ++column) {
      ++begin;
      while (begin < end && (static_cast<unsigned char>(text_[begin]) & 0xC0) == 0x80) ++begin;
    }
    return begin;
  }

  void mend(const toml::parse_error& error) {
    SyntaxMistake mistake = explain(text_, offset_of(error.source().begin), error.description());
    const Place place = at(mistake.at, mistake.length);
    if (mistake.first) {
      const Place first = at(*mistake.first, mistake.first_length);
      report_.conflict(place, std::move(mistake.message), first, std::move(mistake.hint));
    } else {
      report_.error(place, std::move(mistake.message), std::move(mistake.hint));
    }
    complete_ = complete_ && mistake.meaning_kept;
    const size_t length = mistake.edit_end - mistake.edit_begin;
    const int64_t by =
        static_cast<int64_t>(mistake.replacement.size()) - static_cast<int64_t>(length);
    text_.replace(mistake.edit_begin, length, mistake.replacement);
    if (by != 0) {
      const auto end = static_cast<int64_t>(place.column) + code_points(mistake.replacement);
      shifts_.push_back({place.line, static_cast<uint32_t>(end), by});
    }
  }

  const Source& source_;
  Report& report_;
  std::string text_;
  std::vector<Shift> shifts_;
  bool complete_ = true;
};

std::optional<std::string> read_text(const std::string& path, const Place& named_at,
                                     Report& report) {
  const std::string said = "'" + readable_path(path) + "'";
  try {
    if (Poco::File{path}.isDirectory()) {
      report.world(named_at, said + " is a folder", "name a file");
      return {};
    }
  } catch (const Poco::Exception&) {
    report.world(named_at, said + " cannot be read", "there is no such file");
    return {};
  }
  std::ifstream file{path, std::ios::binary};
  std::string text;
  std::array<char, 16384> part;  // NOLINT(cppcoreguidelines-pro-type-member-init) filled below
  while (text.size() <= largest_file && file.read(part.data(), part.size()).gcount() > 0) {
    text.append(part.data(), static_cast<size_t>(file.gcount()));
  }
  if (text.empty() && !file.eof()) {
    report.world(named_at, said + " cannot be read", "are its permissions right?");
    return {};
  }
  if (text.size() > largest_file) {
    report.error(named_at, said + " is larger than 16 MiB");
    return {};
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  return text;
}

std::string folder_of(const std::string& path) {
  return Poco::Path{path}.makeAbsolute().makeParent().toString();
}

bool is_table_list(const Node& node) {
  return node.is(Kind::array) && !node.children().empty() &&
         std::all_of(node.children().begin(), node.children().end(),
                     [](const Node& each) { return each.is(Kind::table); });
}

}  // namespace

// Makes nodes of what toml++ read, and one tree of several files.
class Builder {
 public:
  explicit Builder(Report& report) : report_(report) {}

  std::optional<Document> run(std::unique_ptr<Source> main) {
    document_.sources_.push_back(std::move(main));
    document_.root_ = std::make_unique<Node>();
    if (!read(document_.main(), *document_.root_)) return {};
    include();
    index(*document_.root_);
    if (!complete_) return {};
    return std::move(document_);
  }

 private:
  bool read(const Source& source, Node& root) {
    Reader reader{source, report_};
    const std::optional<toml::table> table = reader.run();
    if (!table) return false;
    source_ = &source;
    shifts_ = reader.shifts();
    root.source_ = &source;
    convert(*table, root);
    root.extent_ = {1, 1, 1, 1};
    return true;
  }

  uint32_t mapped(uint32_t line, uint32_t column) const {
    int64_t out = column;
    for (auto shift : std::ranges::reverse_view(shifts_)) {
      if (shift.line == line && out >= shift.end) out -= shift.by;
    }
    return static_cast<uint32_t>(std::max<int64_t>(out, 1));
  }

  Extent extent(const toml::source_region& region) const {
    return {region.begin.line, mapped(region.begin.line, region.begin.column), region.end.line,
            mapped(region.end.line, region.end.column)};
  }

  void convert(const toml::node& from, Node& to) {
    to.source_ = source_;
    to.extent_ = extent(from.source());
    if (const auto* table = from.as_table()) {
      convert_table(*table, to);
    } else if (const auto* array = from.as_array()) {
      to.kind_ = Kind::array;
      to.children_.resize(array->size());
      for (size_t i = 0; i < array->size(); ++i) convert((*array)[i], to.children_[i]);
    } else {
      convert_value(from, to);
    }
  }

  void convert_table(const toml::table& from, Node& to) {
    to.kind_ = Kind::table;
    to.children_.resize(from.size());
    size_t i = 0;
    for (const auto& [key, value] : from) {
      Node& child = to.children_[i++];
      child.key_ = key.str();
      convert(value, child);
      child.key_extent_ = extent(key.source());
    }
    std::ranges::sort(to.children_, [](const Node& a, const Node& b) {
      return std::pair{a.key_extent_.line, a.key_extent_.column} <
             std::pair{b.key_extent_.line, b.key_extent_.column};
    });
  }

  void convert_value(const toml::node& from, Node& to) {
    if (const auto* text = from.as_string()) {
      to.kind_ = Kind::text;
      to.value_ = text->get();
    } else if (const auto* integer = from.as_integer()) {
      to.kind_ = Kind::integer;
      to.value_ = integer->get();
    } else if (const auto* real = from.as_floating_point()) {
      to.kind_ = Kind::real;
      to.value_ = real->get();
    } else if (const auto* boolean = from.as_boolean()) {
      to.kind_ = Kind::boolean;
      to.value_ = boolean->get();
    } else {
      to.kind_ = Kind::date;
      const size_t begin = source_->offset(to.extent_.line, to.extent_.column);
      const size_t end = source_->offset(to.extent_.end_line, to.extent_.end_column);
      to.value_ = source_->text().substr(begin, end - begin);
    }
  }

  void include() {
    Node const& root = *document_.root_;
    const Node* list = root.find("include");
    if (list == nullptr) return;
    std::vector<std::pair<std::string, Place>> files;
    const std::span<const Node> patterns =
        list->is(Kind::array) ? list->children() : std::span<const Node>{list, 1};
    for (const Node& pattern : patterns) {
      if (pattern.is(Kind::text)) {
        expand(pattern, files);
      } else {
        report_.error(pattern.place(),
                      "include: expected a file or pattern such as \"conf.d/*.toml\", found " +
                          pattern.shown());
      }
    }
    for (const auto& [path, place] : files) include_file(path, place);
  }

  void expand(const Node& pattern, std::vector<std::pair<std::string, Place>>& files) {
    const std::string& name = document_.main().name();
    const size_t slash = name.rfind('/');
    const bool absolute = pattern.text().starts_with('/');
    const std::string shown =
        (absolute || slash == std::string::npos ? "" : name.substr(0, slash + 1)) + pattern.text();
    std::set<std::string> found;
    if (shown.find_first_of("*?[{") == std::string::npos) {
      found.insert(shown);
    } else {
      try {
        Poco::Glob::glob(shown, found, Poco::Glob::GLOB_DOT_SPECIAL);
      } catch (const Poco::Exception&) {
        report_.error(pattern.place(), "include: '" + readable(pattern.text()) + "' is no pattern");
      }
    }
    for (const std::string& path : found) {
      const auto same = [&](const auto& each) { return each.first == path; };
      if (std::ranges::any_of(files, same) || path == name) continue;
      if (path.ends_with('/')) continue;  // a folder that the pattern happens to match
      files.emplace_back(path, pattern.place());
    }
  }

  void include_file(const std::string& path, const Place& place) {
    if (document_.sources_.size() > most_included_files) {
      if (complete_) report_.error(place, "more than 1000 included files");
      complete_ = false;
      return;
    }
    auto text = read_text(path, place, report_);
    if (!text) return;
    document_.sources_.push_back(std::make_unique<Source>(path, folder_of(path), std::move(*text)));
    Node root;
    if (!read(*document_.sources_.back(), root)) {
      complete_ = false;
      return;
    }
    if (const Node* nested = root.find("include")) {
      report_.error(nested->key_place(), "include stands in the main file only");
      std::erase_if(root.children_, [](const Node& each) { return each.key_ == "include"; });
    }
    merge(*document_.root_, std::move(root), "");
  }

  // Tables of the top level merge by name, lists of tables grow; all else stands once.
  void merge(Node& into, Node from, const std::string& title) {
    std::map<std::string, size_t, std::less<>> known;
    for (size_t i = 0; i < into.children_.size(); ++i) known.emplace(into.children_[i].key_, i);
    for (Node& child : from.children_) {
      const auto found = known.find(child.key_);
      if (found == known.end()) {
        into.children_.push_back(std::move(child));
        continue;
      }
      Node& first = into.children_[found->second];
      const bool top = title.empty();
      if (top && first.is(Kind::table) && child.is(Kind::table)) {
        merge(first, std::move(child), quoted_name(first.key_));
      } else if (top && is_table_list(first) && is_table_list(child)) {
        std::ranges::move(child.children_, std::back_inserter(first.children_));
      } else {
        const std::string name = (top ? "" : title + ".") + quoted_name(child.key_);
        report_.conflict(
            child.key_place(),
            (child.is(Kind::table) ? "[" + name + "]" : "'" + name + "'") + " is written twice",
            first.key_place(), "first written here");
      }
    }
  }

  static void index(Node& node) {
    constexpr size_t linear = 8;  // below this a search through all is as fast
    for (Node& child : node.children_) index(child);
    if (node.kind_ != Kind::table || node.children_.size() <= linear) return;
    node.by_name_.resize(node.children_.size());
    std::iota(node.by_name_.begin(), node.by_name_.end(), 0u);
    std::ranges::sort(node.by_name_, [&](uint32_t a, uint32_t b) {
      return node.children_[a].key_ < node.children_[b].key_;
    });
  }

  Report& report_;
  Document document_;
  const Source* source_ = nullptr;
  std::vector<Shift> shifts_;  // of the file being read
  bool complete_ = true;
};

std::optional<Document> load_file(const std::string& path, Report& report) {
  auto text = read_text(path, {}, report);
  if (!text) return {};
  return Builder{report}.run(std::make_unique<Source>(path, folder_of(path), std::move(*text)));
}

std::optional<Document> load_text(const std::string& name, std::string text, Report& report) {
  return Builder{report}.run(
      std::make_unique<Source>(name, Poco::Path::current(), std::move(text)));
}

}  // namespace weir::conf
