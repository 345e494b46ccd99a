// SPDX-License-Identifier: Apache-2.0
#include "command/command.hpp"

#include <weir/module.h>

#include "command/arguments.hpp"
#include "conf/report.hpp"

#include <array>
#include <exception>
#include <iostream>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <Poco/Exception.h>

namespace weir {
namespace {

using Texts = std::span<const std::string>;

constexpr std::array commands{&run_command,    &check_command, &plan_command,    &reload_command,
                              &status_command, &ctl_command,   &upgrade_command, &explain_command,
                              &config_command, &module_command};

constexpr std::string_view introduction = R"(weir: a modular reverse proxy

usage: weir COMMAND [options]

)";

constexpr std::string_view closing = R"(  help       what a command takes: weir help COMMAND
  --version  what this weir is

try it:
  weir run --listen :8080 --to http://127.0.0.1:9001   a proxy without a file
  weir check weir.toml                                 what is wrong, all in one run
  weir explain GET http://example.com/ -c weir.toml    what becomes of a request

More: weir help COMMAND, weir module info NAME, and the manuals in share/doc/weir.
)";

constexpr std::string_view compiler =
#ifdef __clang__
    "clang " __clang_version__;
#else
    "g++ " __VERSION__;
#endif

constexpr std::string_view flavour =
#if defined(__SANITIZE_ADDRESS__)
    "address sanitizer";
#elif defined(__SANITIZE_THREAD__)
    "thread sanitizer";
#elif defined(__OPTIMIZE__)
        "optimised";
#else
        "debug";
#endif

void print_help(std::ostream& out) {
  out << introduction;
  for (const Command* command : commands) {
    std::string name = command->name;
    name.resize(11, ' ');
    out << "  " << name << command->summary << '\n';
  }
  out << closing;
}

void print_version() {
  std::cout << "weir " << WEIR_VERSION << "\nmodule ABI " << WEIR_ABI_MAJOR << '.' << WEIR_ABI_MINOR
            << "\nbuilt by " << compiler << ", " << flavour << '\n';
}

const Command& find_command(std::span<const Command* const> among, const std::string& name,
                            const std::string& path) {
  std::vector<std::string> known;
  for (const Command* command : among) {
    if (name == command->name) return *command;
    known.emplace_back(command->name);
  }
  if (path.empty()) known.emplace_back("help");
  const std::string what = name.starts_with('-') ? "option" : "command";
  const std::string hint = what == "option" && path.empty()
                               ? "options follow the command: weir run " + name
                               : conf::suggestion(name, known);
  throw WrongUse("unknown " + what + " '" + conf::readable(name) + "'; " + hint);
}

bool asks_help(const std::string& text) { return text == "--help" || text == "-h"; }

// `path` collects the names so far, for messages.
int dispatch(const Command& command, Texts texts, std::string& path) {
  path += std::string(" ") + command.name;
  if (!command.commands.empty()) {
    if (texts.empty()) return std::cerr << command.manual, wrong_use;
    if (asks_help(texts[0])) return std::cout << command.manual, all_good;
    return dispatch(find_command(command.commands, texts[0], path), texts.subspan(1), path);
  }
  const Arguments arguments(command.options, texts);
  if (arguments.has("help")) return std::cout << command.manual, all_good;
  return command.run(arguments);
}

// weir help [COMMAND [COMMAND]]
int help(Texts names) {
  if (names.empty()) return print_help(std::cout), all_good;
  const Command* command = &find_command(commands, names[0], "");
  if (names.size() > 1 && !command->commands.empty()) {
    command = &find_command(command->commands, names[1], command->name);
  }
  std::cout << command->manual;
  return all_good;
}

int run_first(Texts texts, std::string& path) {
  if (texts.empty()) {
    print_help(std::cerr);
    return wrong_use;
  }
  const std::string& first = texts[0];
  if (asks_help(first)) return help({});
  if (first == "--version" || first == "-V") return print_version(), all_good;
  if (first == "help") {
    const bool about_itself = texts.size() > 1 && asks_help(texts[1]);
    return help(about_itself ? Texts{} : texts.subspan(1));
  }
  return dispatch(find_command(commands, first, ""), texts.subspan(1), path);
}

int failed(std::string_view text) {
  std::cerr << "weir: " << conf::readable(text) << '\n';
  return wrong_world;
}

int guarded(Texts texts) {
  std::string path = "weir";
  try {
    return run_first(texts, path);
  } catch (const WrongUse& wrong) {
    std::cerr << path << ": " << wrong.what() << '\n'
              << "try: " << (path == "weir" ? "weir --help" : path + " --help") << '\n';
    return wrong_use;
  } catch (const Poco::Exception& error) {
    return failed("something it did not expect: " + error.displayText());
  } catch (const std::bad_alloc&) {
    return failed("out of memory");
  } catch (const std::exception& error) {
    return failed(std::string("something it did not expect: ") + error.what());
  }
}

}  // namespace

int run_weir(std::span<char* const> words) {
  const std::vector<std::string> texts(words.begin(), words.end());
  const int status = guarded(texts);
  std::cout.flush();
  if (std::cout) return status;
  std::cerr << "weir: cannot write to standard output\n";
  return status == all_good ? wrong_world : status;
}

}  // namespace weir
