// SPDX-License-Identifier: Apache-2.0
#include "command/arguments.hpp"

#include "conf/report.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {
namespace {

constexpr Option help_option{"help", 'h'};

// "--to URL", as messages show an option.
std::string shown(const Option& option) {
  const std::string name = "--" + std::string(option.name);
  return option.value == nullptr ? name : name + " " + option.value;
}

std::string quoted(std::string_view text) { return "'" + conf::readable(text) + "'"; }

// The value behind the option at `at`.
const std::string& next(const Option& option, std::span<const std::string> texts, size_t at) {
  if (at + 1 >= texts.size()) {
    throw WrongUse("--" + std::string(option.name) + " needs a value: " + shown(option));
  }
  return texts[at + 1];
}

}  // namespace

Arguments::Arguments(std::span<const Option> options, std::span<const std::string> texts)
    : options_(options) {
  size_t at = 0;
  while (at < texts.size() && texts[at] != "--") {
    const std::string& text = texts[at];
    if (text.starts_with("--")) {
      at += take_long(texts, at);
    } else if (text.size() > 1 && text[0] == '-') {
      at += take_short(texts, at);
    } else {
      words_.push_back(text);
      ++at;
    }
  }
  for (++at; at < texts.size(); ++at) words_.push_back(texts[at]);
}

size_t Arguments::take_long(std::span<const std::string> texts, size_t at) {
  const std::string& text = texts[at];
  const size_t equals = text.find('=');
  const Option& option = find(std::string_view(text).substr(0, equals).substr(2));
  if (equals == text.npos) {
    if (option.value == nullptr) return keep(option, ""), 1;
    return keep(option, next(option, texts, at)), 2;
  }
  if (option.value == nullptr) {
    throw WrongUse("--" + std::string(option.name) + " takes no value, found " + quoted(text));
  }
  return keep(option, text.substr(equals + 1)), 1;
}

size_t Arguments::take_short(std::span<const std::string> texts, size_t at) {
  const std::string& text = texts[at];
  const Option& option = find_letter(text[1]);
  if (option.value == nullptr && text.size() > 2) {
    throw WrongUse("unknown option " + quoted(text) + ": letters are written one by one, -" +
                   text[1] + " -" + text[2]);
  }
  if (option.value == nullptr) return keep(option, ""), 1;
  if (text.size() > 2) return keep(option, text.substr(2)), 1;
  return keep(option, next(option, texts, at)), 2;
}

const Option& Arguments::find(std::string_view name) const {
  if (name == help_option.name) return help_option;
  std::vector<std::string> known{"--help"};
  for (const Option& option : options_) {
    if (name == option.name) return option;
    known.push_back("--" + std::string(option.name));
  }
  const std::string wrong = "--" + std::string(name);
  throw WrongUse("unknown option " + quoted(wrong) + "; " + conf::suggestion(wrong, known));
}

const Option& Arguments::find_letter(char letter) const {
  if (letter == help_option.letter) return help_option;
  std::vector<std::string> known{"-h"};
  for (const Option& option : options_) {
    if (letter == option.letter) return option;
    if (option.letter != 0) known.push_back(std::string{'-', option.letter});
  }
  std::string text;
  for (const std::string& each : known) text += (text.empty() ? "" : ", ") + each;
  throw WrongUse("unknown option " + quoted(std::string{'-', letter}) + "; known: " + text);
}

void Arguments::keep(const Option& option, std::string value) {
  std::vector<std::string>& values = given_[option.name];
  if (!values.empty() && !option.repeats && option.value != nullptr) {
    throw WrongUse("--" + std::string(option.name) + " is given twice");
  }
  values.push_back(std::move(value));
}

std::string Arguments::value(std::string_view option, std::string_view otherwise) const {
  const auto found = given_.find(option);
  return found == given_.end() ? std::string(otherwise) : found->second.front();
}

std::vector<std::string> Arguments::values(std::string_view option) const {
  const auto found = given_.find(option);
  return found == given_.end() ? std::vector<std::string>{} : found->second;
}

void Arguments::expect_words(size_t least, size_t most, std::string_view names) const {
  if (words_.size() < least) throw WrongUse("expected " + std::string(names));
  if (words_.size() <= most) return;
  const std::string wrong = "unexpected " + quoted(words_[most]);
  throw WrongUse(names.empty() ? wrong : wrong + ": expected " + std::string(names));
}

}  // namespace weir
