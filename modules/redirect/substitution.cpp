// SPDX-License-Identifier: Apache-2.0
#include "substitution.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <re2/re2.h>

namespace {

re2::RE2::Options options() {
  re2::RE2::Options options;
  options.set_log_errors(false);  // they are reported at the key instead
  // Paths are ASCII; byte by byte is what they are and what is quickest.
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  return options;
}

}  // namespace

std::optional<Substitution::Flaw> Substitution::compile(std::string_view regex,
                                                        std::string_view replacement) {
  regex_ = std::make_unique<re2::RE2>(re2::StringPiece{regex.data(), regex.size()}, options());
  if (!regex_->ok()) return Flaw{true, "not a regular expression: " + regex_->error()};
  if (static_cast<size_t>(regex_->NumberOfCapturingGroups()) >= most_groups) {
    return Flaw{true, "more than " + std::to_string(most_groups - 1) + " groups"};
  }
  return compile_replacement(replacement);
}

std::optional<Substitution::Flaw> Substitution::compile_replacement(std::string_view text) {
  std::string literal;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c != '{' && c != '}') {
      literal += c;
    } else if (text.substr(at + 1, 1) == text.substr(at, 1)) {
      literal += c;
      ++at;
    } else {
      const size_t end = c == '{' ? text.find('}', at) : text.npos;
      if (end == text.npos) return Flaw{false, std::string{"a lone '"} + c + "'"};
      const std::string_view name = text.substr(at + 1, end - at - 1);
      const auto group = group_named(name);
      if (!group) return Flaw{false, "regex has no group '" + std::string{name} + "'"};
      pieces_.push_back({literal, *group});
      groups_ = std::max(groups_, *group + 1);
      literal.clear();
      at = end;
    }
  }
  rest_ = literal;
  return std::nullopt;
}

std::optional<size_t> Substitution::group_named(std::string_view name) const {
  size_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc{} && end == name.data() + name.size()) {
    if (number > static_cast<size_t>(regex_->NumberOfCapturingGroups())) return std::nullopt;
    return number;
  }
  const auto& names = regex_->NamedCapturingGroups();
  const auto found = names.find(std::string{name});
  if (found == names.end()) return std::nullopt;
  return static_cast<size_t>(found->second);
}

Substitution::Outcome Substitution::apply(std::string_view text, std::string& result) const {
  result.clear();
  const re2::StringPiece whole{text.data(), text.size()};
  re2::StringPiece groups[most_groups];
  bool matched = false;
  size_t copied = 0;  // up to here `text` is in `result`
  size_t from = 0;
  while (from <= text.size() && regex_->Match(whole, from, text.size(), re2::RE2::UNANCHORED,
                                              groups, static_cast<int>(groups_))) {
    const auto start = static_cast<size_t>(groups[0].data() - text.data());
    const size_t end = start + groups[0].size();
    // An empty match right behind a match would replace the same place twice.
    if (end != copied || !groups[0].empty() || !matched) {
      result.append(text.substr(copied, start - copied));
      append(groups, result);
      copied = end;
      matched = true;
    }
    from = groups[0].empty() ? end + 1 : end;
    if (result.size() > most_bytes) return Outcome::too_long;
  }
  result.append(text.substr(copied));
  if (result.size() > most_bytes) return Outcome::too_long;
  return matched ? Outcome::replaced : Outcome::unmatched;
}

void Substitution::append(const re2::StringPiece* groups, std::string& result) const {
  for (const Piece& piece : pieces_) {
    result.append(piece.literal);
    const re2::StringPiece& group = groups[piece.group];
    if (group.data() != nullptr) result.append(group.data(), group.size());
  }
  result.append(rest_);
}
