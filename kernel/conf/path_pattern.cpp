// SPDX-License-Identifier: Apache-2.0
#include "conf/path_pattern.hpp"

#include "base/result.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::conf {

namespace {

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::optional<PatternFlaw> flaw_of(std::string_view segment, size_t at) {
  const auto flaw = [&](size_t offset, std::string message, std::string hint) {
    return PatternFlaw{at + offset, segment.empty() ? 1 : segment.size() - offset,
                       std::move(message), std::move(hint)};
  };
  if (segment == "." || segment == "..") {
    return flaw(0, "a path with dot segments matches nothing",
                "write the path as it is requested in the end");
  }
  if (const size_t star = segment.find('*'); star != std::string_view::npos) {
    return flaw(star, "'*' stands only at the end, behind '/'",
                "write /prefix/* or {name} for one segment");
  }
  if (const size_t mark = segment.find_first_of("?#"); mark != std::string_view::npos) {
    return flaw(mark, "a path ends before '" + std::string{segment[mark]} + "'",
                "match queries with query = { name = \"value\" }");
  }
  const auto bad = std::ranges::find_if(segment, [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F ||
           c == '\\' || c == '"' || c == '<' || c == '>' || c == '^' || c == '`' || c == '|';
  });
  if (bad != segment.end()) {
    return flaw(static_cast<size_t>(bad - segment.begin()), "this character cannot stand in a path",
                "write it as % and two hexadecimal digits");
  }
  return {};
}

class PatternReader {
 public:
  explicit PatternReader(std::string_view text) : text_(text) {}

  Result<PathPattern, PatternFlaw> run() {
    if (!text_.starts_with('/')) {
      return PatternFlaw{0, std::max<size_t>(text_.size(), 1), "a path begins with '/'",
                         "write /" + std::string{text_}};
    }
    out_.text = text_;
    std::string_view rest = text_;
    if (rest.ends_with("/*")) {
      out_.prefix = true;
      rest.remove_suffix(2);
    }
    size_t at = 0;
    while (at < rest.size()) {
      const size_t end = std::min(rest.find('/', at + 1), rest.size());
      if (auto flaw = segment(rest.substr(at + 1, end - at - 1), at + 1, end == rest.size())) {
        return *flaw;
      }
      at = end;
    }
    return std::move(out_);
  }

 private:
  std::optional<PatternFlaw> segment(std::string_view text, size_t at, bool last) {
    if (text.empty() && (!last || out_.prefix)) {
      return PatternFlaw{at - 1, 2, "a path with '//' matches nothing", "write one '/'"};
    }
    if (text.find_first_of("{}") != std::string_view::npos) return parameter(text, at);
    if (auto flaw = flaw_of(text, at)) return flaw;
    out_.segments.push_back({false, std::string{text}});
    return {};
  }

  std::optional<PatternFlaw> parameter(std::string_view text, size_t at) {
    const bool whole = text.starts_with('{') && text.ends_with('}') && text.size() > 2;
    const std::string_view name = whole ? text.substr(1, text.size() - 2) : std::string_view{};
    if (!is_name(name)) {
      return PatternFlaw{at, text.size(), "a parameter is a whole segment such as {id}",
                         "letters, digits and _ make its name"};
    }
    const auto same = [&](const PathPattern::Segment& each) {
      return each.parameter && each.text == name;
    };
    if (std::ranges::any_of(out_.segments, same)) {
      return PatternFlaw{at, text.size(), "'{" + std::string{name} + "}' is there twice",
                         "give each parameter a name of its own"};
    }
    out_.segments.push_back({true, std::string{name}});
    return {};
  }

  std::string_view text_;
  PathPattern out_;
};

}  // namespace

Result<PathPattern, PatternFlaw> parse_path_pattern(std::string_view text) {
  return PatternReader{text}.run();
}

}  // namespace weir::conf
