// SPDX-License-Identifier: Apache-2.0
#include "conf/scan.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::conf {

namespace {

size_t past_line(std::string_view text, size_t at) {
  const size_t end = text.find('\n', at);
  return end == std::string_view::npos ? text.size() : end + 1;
}

// How many brackets are open behind this character.
size_t depth_after(char c, size_t depth) {
  if (c == '[' || c == '{') return depth + 1;
  return (c == ']' || c == '}') && depth > 0 ? depth - 1 : depth;
}

size_t past_blanks(std::string_view text, size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r')) ++at;
  return at;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<Statement> run() {
    std::vector<Statement> out;
    while (skip_to_statement()) {
      Statement next;
      next.begin = at_;
      if (text_[at_] == '[') {
        header(next);
      } else {
        pair(next);
      }
      next.end = at_;
      out.push_back(std::move(next));
    }
    return out;
  }

 private:
  bool skip_to_statement() {
    while (at_ < text_.size()) {
      at_ = past_blanks(text_, at_);
      if (at_ >= text_.size()) break;
      if (text_[at_] == '#') {
        at_ = past_line(text_, at_);
      } else if (text_[at_] == '\n') {
        ++at_;
      } else {
        return true;
      }
    }
    return false;
  }

  void header(Statement& out) {
    const bool array = at_ + 1 < text_.size() && text_[at_ + 1] == '[';
    out.kind = array ? Statement::Kind::array_header : Statement::Kind::header;
    out.name_begin = at_;
    at_ += array ? 2 : 1;
    names(out.path);
    while (at_ < text_.size() && text_[at_] == ']') ++at_;
    out.name_end = at_;
    at_ = past_line(text_, at_);
  }

  void pair(Statement& out) {
    out.name_begin = at_;
    names(out.path);
    out.name_end = std::max(at_, out.name_begin + 1);
    at_ = past_blanks(text_, at_);
    if (at_ >= text_.size() || text_[at_] != '=') {
      at_ = past_line(text_, std::max(at_, out.begin));
      return;
    }
    at_ = past_blanks(text_, at_ + 1);
    out.value_begin = at_;
    value();
    out.value_end = at_;
    at_ = past_line(text_, at_);
  }

  // A dotted name; stops behind the last part that can be one, blanks at its end not included.
  void names(std::vector<std::string>& path) {
    size_t end = at_;
    for (;;) {
      at_ = past_blanks(text_, at_);
      const size_t begin = at_;
      if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) {
        at_ = past_string(text_, at_);
        path.emplace_back(text_.substr(begin + 1, at_ - begin >= 2 ? at_ - begin - 2 : 0));
      } else {
        while (at_ < text_.size() && is_bare(text_[at_])) ++at_;
        if (at_ == begin) break;
        path.emplace_back(text_.substr(begin, at_ - begin));
      }
      end = at_;
      at_ = past_blanks(text_, at_);
      if (at_ >= text_.size() || text_[at_] != '.') break;
      ++at_;
    }
    at_ = end;
  }

  void value() {
    size_t depth = 0, end = at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n' && depth == 0) break;
      if (c == '#') {
        if (depth == 0) break;
        at_ = past_line(text_, at_);
        continue;
      }
      if (c == '"' || c == '\'') {
        end = at_ = past_string(text_, at_);
        continue;
      }
      depth = depth_after(c, depth);
      ++at_;
      if (c != ' ' && c != '\t' && c != '\r') end = at_;
    }
    at_ = end;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::vector<Statement> scan(std::string_view text) { return Scanner{text}.run(); }

size_t past_string(std::string_view text, size_t at) {
  const char quote = text[at];
  const std::string three(3, quote);
  const bool many_lines = text.substr(at, 3) == three;
  at += many_lines ? 3 : 1;
  while (at < text.size()) {
    if (text[at] == '\\' && quote == '"') {
      at += 2;
    } else if (!many_lines && text[at] == '\n') {
      return at;
    } else if (many_lines && text.substr(at, 3) == three) {
      at += 3;
      // Up to two more quotes belong to the string's content.
      for (int i = 0; i < 2 && at < text.size() && text[at] == quote; ++i) ++at;
      return at;
    } else if (!many_lines && text[at] == quote) {
      return at + 1;
    } else {
      ++at;
    }
  }
  return text.size();
}

std::optional<size_t> too_deep(std::string_view text, size_t deepest) {
  size_t depth = 0, dots = 0, at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      at = past_string(text, at);
      continue;
    }
    if (c == '#') {
      at = past_line(text, at);
      dots = 0;
      continue;
    }
    depth = depth_after(c, depth);
    if (c == '.') {
      ++dots;
    } else if (!is_bare(c) && c != ' ' && c != '\t') {
      dots = 0;
    }
    if (depth > deepest || dots > deepest) return at;
    ++at;
  }
  return {};
}

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

std::string quoted_name(std::string_view name) {
  const bool bare = !name.empty() && std::ranges::all_of(name, is_bare);
  return bare ? std::string{name} : quoted_text(name);
}

std::string quoted_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04X", static_cast<unsigned>(byte));
      out += escape.data();
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace weir::conf
