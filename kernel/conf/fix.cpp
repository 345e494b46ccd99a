// SPDX-License-Identifier: Apache-2.0
#include "conf/fix.hpp"

#include "base/result.hpp"
#include "conf/scan.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir::conf {

namespace {

struct Token {
  size_t begin, end;
};

// Where the elements of the list that `value` spells stand, and the last comma behind one.
struct List {
  std::vector<Token> elements;
  size_t comma = std::string_view::npos;  // behind the last element
  size_t close = std::string_view::npos;
};

List read_list(std::string_view text, const Statement& statement) {
  List out;
  size_t at = statement.value_begin + 1;
  while (at < statement.value_end) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      const size_t end = past_string(text, at);
      out.elements.push_back({at, end});
      out.comma = std::string_view::npos;
      at = end;
    } else if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else {
      if (c == ',') out.comma = at;
      if (c == ']') out.close = at;
      ++at;
    }
  }
  return out;
}

std::string_view line_end(std::string_view text) {
  const size_t at = text.find('\n');
  return at != std::string_view::npos && at > 0 && text[at - 1] == '\r' ? "\r\n" : "\n";
}

// The blanks before an element that begins its line; nothing when something else stands before it.
bool begins_line(std::string_view text, size_t at, std::string_view& indent) {
  const size_t before = text.rfind('\n', at);
  const size_t begin = before == std::string_view::npos ? 0 : before + 1;
  indent = text.substr(begin, at - begin);
  return indent.find_first_not_of(" \t") == std::string_view::npos;
}

std::string add_to_list(std::string_view text, const List& list, const std::string& element) {
  std::string out{text};
  if (list.elements.empty()) return out.insert(list.close, element);
  const Token& last = list.elements.back();
  const bool comma = list.comma != std::string_view::npos;
  const size_t after = comma ? list.comma + 1 : last.end;
  std::string_view indent;
  if (!begins_line(text, last.begin, indent)) {
    return out.insert(after, comma ? " " + element + "," : ", " + element);
  }
  // A line of its own below the last one, whose comment stays where it is.
  size_t end = std::min(text.find('\n', after), text.size());
  if (end > 0 && text[end - 1] == '\r') --end;
  if (list.close < end) end = after;
  std::string added{line_end(text)};
  added += indent;
  added += element;
  if (comma) added += ',';
  out.insert(end, added);
  if (!comma) out.insert(after, ",");
  return out;
}

std::string put_on_top(std::string_view text, const std::string& element) {
  const std::string end{line_end(text)};
  std::string added = "modules = [" + element + "]" + end;
  size_t at = 0;
  while (at < text.size() && text[at] == '#') {
    const size_t next = text.find('\n', at);
    if (next == std::string_view::npos) return std::string{text}.append(end).append(added);
    at = next + 1;
  }
  const std::string_view rest = text.substr(at);
  if (at > 0) added.insert(0, end);
  if (!rest.starts_with(end) && !rest.empty()) added += end;
  return std::string{text.substr(0, at)} + added + std::string{rest};
}

}  // namespace

Result<std::string> add_module(std::string_view text, std::string_view name) {
  const std::string element = quoted_text(name);
  for (const Statement& statement : scan(text)) {
    if (statement.kind != Statement::Kind::pair) break;  // what follows belongs to a table
    if (statement.path != std::vector<std::string>{"modules"}) continue;
    if (statement.value_end <= statement.value_begin || text[statement.value_begin] != '[') {
      return Error{"modules is not a list"};
    }
    const List list = read_list(text, statement);
    if (list.close == std::string_view::npos) return Error{"the list of modules is not closed"};
    for (const Token& token : list.elements) {
      if (text.substr(token.begin + 1, token.end - token.begin - 2) == name) {
        return std::string{text};
      }
    }
    return add_to_list(text, list, element);
  }
  return put_on_top(text, element);
}

}  // namespace weir::conf
