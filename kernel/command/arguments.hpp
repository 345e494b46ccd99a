// SPDX-License-Identifier: Apache-2.0
//
// Options and words of one command.
//
// "--option value", "--option=value", "-o value" and "-ovalue" are the same; options and words may
// be mixed, and "--" ends the options. Poco's option classes are not used because they know neither
// the nearest right name nor a value behind a blank. What is wrong is thrown as WrongUse and never
// passes run_command.
//
// Thread: main.
#pragma once

#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// The command line is wrong; what() is for the person who wrote it.
struct WrongUse : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Option {
  const char* name;             // without its dashes
  char letter = 0;              // 0: it has none
  const char* value = nullptr;  // what it takes, such as "FILE"; nullptr: it takes nothing
  bool repeats = false;
};

class Arguments {
 public:
  // -h and --help are known besides `options`, which must outlive this.
  Arguments(std::span<const Option> options, std::span<const std::string> texts);

  bool has(std::string_view option) const { return given_.contains(option); }
  std::string value(std::string_view option, std::string_view otherwise = {}) const;
  std::vector<std::string> values(std::string_view option) const;

  const std::vector<std::string>& words() const { return words_; }
  // Expects no further words than these; `names` says what they are: "NAME FILE".
  void expect_words(size_t least, size_t most, std::string_view names) const;

 private:
  const Option& find(std::string_view name) const;
  const Option& find_letter(char letter) const;
  void keep(const Option& option, std::string value);
  size_t take_long(std::span<const std::string> texts, size_t at);
  size_t take_short(std::span<const std::string> texts, size_t at);

  std::span<const Option> options_;
  std::map<std::string, std::vector<std::string>, std::less<>> given_;
  std::vector<std::string> words_;
};

}  // namespace weir
