// SPDX-License-Identifier: Apache-2.0
#include "conf/syntax.hpp"

#include "conf/place.hpp"
#include "conf/report.hpp"
#include "conf/scan.hpp"
#include "conf/units.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::conf {

namespace {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool ends_token(char c) { return has(std::string_view{" \t\r\n,=[]{}\"'#"}, {&c, 1}); }

// Full names of the statements: a pair's with its table's before it.
struct Named {
  Statement statement;
  std::vector<std::string> path;
};

std::vector<Named> with_paths(std::string_view text) {
  std::vector<Named> out;
  std::vector<std::string> table;
  for (Statement& statement : scan(text)) {
    std::vector<std::string> path = statement.path;
    if (statement.kind != Statement::Kind::pair) {
      table = path;
    } else {
      path.insert(path.begin(), table.begin(), table.end());
    }
    out.push_back({std::move(statement), std::move(path)});
  }
  return out;
}

// Blanks with the same line ends, so that all places behind stay true.
std::string blanked(std::string_view text) {
  std::string out{text};
  for (char& c : out) {
    if (c != '\n') c = ' ';
  }
  return out;
}

// The statement that covers a byte, or the last one before it.
const Named* covering(const std::vector<Named>& all, size_t at) {
  const Named* found = nullptr;
  for (const Named& each : all) {
    if (each.statement.begin > at) break;
    found = &each;
  }
  return found;
}

void drop(SyntaxMistake& out, std::string_view text, size_t begin, size_t end) {
  out.edit_begin = begin;
  out.edit_end = std::max(begin, end);
  out.replacement = blanked(text.substr(begin, out.edit_end - begin));
}

void point_at_token(SyntaxMistake& out, std::string_view text, size_t at) {
  size_t begin = std::min(at, text.size()), end = begin;
  while (begin > 0 && !ends_token(text[begin - 1])) --begin;
  while (end < text.size() && !ends_token(text[end])) ++end;
  out.at = begin;
  out.length = end - begin;
}

std::string_view yes_or_no(std::string_view token) {
  std::string word{token};
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (word == "yes" || word == "on" || word == "true") return "true";
  if (word == "no" || word == "off" || word == "false") return "false";
  return {};
}

// A value without quotes: what was meant is plain, so it is taken as if they were there.
bool explain_bare_value(SyntaxMistake& out, std::string_view text, size_t at,
                        std::string_view description) {
  constexpr std::array<std::string_view, 5> signs{
      "could not determine value type", "integer:", "floating-point:", "boolean:", "date"};
  if (std::none_of(signs.begin(), signs.end(), [&](auto sign) { return has(description, sign); })) {
    return false;
  }
  point_at_token(out, text, at);
  const std::string token{text.substr(out.at, out.length)};
  if (token.empty()) return false;
  const std::string quoted = quoted_text(token);
  const std::string_view flag = yes_or_no(token);
  if (!flag.empty()) {
    out.message = "'" + readable(token) + "' is not a value";
    out.hint = "write " + std::string{flag};
    out.replacement = flag;
  } else {
    const bool unit =
        parse_duration(token) || parse_size(token) || parse_percent(token) || parse_rate(token);
    out.message = unit ? "a value with a unit needs quotes" : "text needs quotes";
    out.hint = "write " + readable(quoted);
    out.replacement = quoted;
  }
  out.edit_begin = out.at;
  out.edit_end = out.at + out.length;
  out.meaning_kept = true;
  return true;
}

std::string title(const Named& named) {
  std::string names;
  for (const std::string& name : named.path) {
    names += (names.empty() ? "" : ".") + quoted_name(name);
  }
  switch (named.statement.kind) {
    case Statement::Kind::header:
      return "[" + names + "]";
    case Statement::Kind::array_header:
      return "[[" + names + "]]";
    case Statement::Kind::pair:
      break;
  }
  return "'" + readable(names) + "'";
}

// A repeated table goes as a whole; its keys would else land in the table before it.
size_t end_of(const std::vector<Named>& all, const Named& named) {
  size_t end = named.statement.end;
  if (named.statement.kind == Statement::Kind::pair) return end;
  for (const Named& each : all) {
    if (each.statement.begin <= named.statement.begin) continue;
    if (each.statement.kind != Statement::Kind::pair) break;
    end = each.statement.end;
  }
  return end;
}

bool explain_repetition(SyntaxMistake& out, std::string_view text, size_t at,
                        std::string_view description) {
  if (!has(description, "cannot redefine")) return false;
  const std::vector<Named> all = with_paths(text);
  const Named* here = covering(all, at);
  if (here == nullptr) return false;
  const Statement& statement = here->statement;
  out.at = statement.name_begin;
  out.length = statement.name_end - statement.name_begin;
  out.message = title(*here) + " is written twice";
  out.meaning_kept = true;
  drop(out, text, statement.begin, end_of(all, *here));
  // The nearest one: further away, the same names may stand in another [[table]].
  for (auto found = static_cast<size_t>(here - all.data()); found-- > 0;) {
    const Named& each = all[found];
    if (each.path != here->path) continue;
    if (each.statement.kind != statement.kind) {
      out.message = title(*here) + " does not go with " + title(each);
    }
    out.first = each.statement.name_begin;
    out.first_length = each.statement.name_end - each.statement.name_begin;
    out.hint = "first written here";
    return true;
  }
  // The repeated name stands in an inline table, or was made by a dotted name.
  const size_t quote = description.find('\'');
  const size_t last = description.rfind('\'');
  if (quote != std::string_view::npos && last > quote) {
    out.message =
        "'" + readable(description.substr(quote + 1, last - quote - 1)) + "' is written twice";
  }
  return true;
}

struct Known {
  std::string_view sign;  // in the reader's words
  std::string_view message, hint;
};
constexpr std::array<Known, 10> known_mistakes{
    {{"parsing string: unescaped control", "the text is not closed",
      R"(put a " at its end; long texts stand between """)"},
     {"parsing literal string: control", "the text is not closed", "put a ' at its end"},
     {"parsing string: encountered end-of-file", "the text is not closed", R"(put """ at its end)"},
     {"expected value, saw", "a value is missing after '='", ""},
     {"parsing array: encountered end-of-file", "the list is not closed", "put a ] at its end"},
     {"parsing inline table", "an inline table ends on the line where it begins",
      "close it with }, or write it as a [table] of its own"},
     {"parsing table header: expected ']'", "the table's name is not closed", "put a ] behind it"},
     {"expected '='", "a name is followed by '=' and a value", ""},
     {"expected a comment or whitespace", "a line holds one setting",
      "put the next one on a line of its own"},
     {"unknown escape", "this is no escape of a text",
      "write \\\\ for a backslash, or put the text between ' and '"}}};

void explain_known(SyntaxMistake& out, std::string_view text, std::string_view description) {
  for (const Known& known : known_mistakes) {
    if (!has(description, known.sign)) continue;
    out.message = known.message;
    out.hint = known.hint;
    return;
  }
  if (has(description, "invalid utf-8") || has(description, "Encountered invalid")) {
    // The reader points at the last good byte.
    while (out.at < text.size() && utf8_sequence(text.substr(out.at)) != 0) {
      out.at += utf8_sequence(text.substr(out.at));
    }
    out.message = "the file is not UTF-8 here";
    out.hint = "save it as UTF-8";
    return;
  }
  const size_t colon = description.find(": ");
  out.message =
      readable(colon == std::string_view::npos ? description : description.substr(colon + 2));
  if (out.at < text.size() && text[out.at] == ':') out.hint = "write = between name and value";
}

}  // namespace

SyntaxMistake explain(std::string_view text, size_t at, std::string_view description) {
  SyntaxMistake out;
  out.at = std::min(at, text.size());
  out.length = 1;
  if (explain_bare_value(out, text, at, description)) return out;
  if (explain_repetition(out, text, at, description)) return out;
  explain_known(out, text, description);
  const std::vector<Named> all = with_paths(text);
  const Named* here = covering(all, out.at);
  if (here == nullptr) {
    const size_t begin = text.rfind('\n', out.at == 0 ? 0 : out.at - 1);
    drop(out, text, begin == std::string_view::npos ? 0 : begin, text.find('\n', out.at));
    return out;
  }
  const bool header = here->statement.kind != Statement::Kind::pair;
  const size_t line_end = std::min(text.find('\n', out.at), text.size());
  drop(out, text, here->statement.begin,
       std::max(header ? end_of(all, *here) : here->statement.end, line_end));
  return out;
}

}  // namespace weir::conf
