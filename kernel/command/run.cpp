// SPDX-License-Identifier: Apache-2.0
//
// weir run: serves.
#include "base/log.hpp"
#include "base/log_channels.hpp"
#include "command/arguments.hpp"
#include "command/command.hpp"
#include "command/file_tests.hpp"
#include "command/process.hpp"
#include "command/terminal.hpp"
#include "conf/model.hpp"
#include "conf/report.hpp"
#include "conf/scan.hpp"
#include "conf/units.hpp"
#include "serve/log_target.hpp"
#include "serve/reload.hpp"
#include "serve/server.hpp"
#include "supervise/alone.hpp"

#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace weir {
namespace {

constexpr std::string_view default_address = "127.0.0.1:8080";

constexpr Option options[] = {
    {"config", 'c', "FILE"},
    {"listen", 'l', "ADDRESS", true},
    {"to", 't', "URL", true},
};

constexpr const char* manual = R"(weir run: serves until SIGTERM or SIGINT

usage: weir run [-c FILE]
       weir run [--listen ADDRESS]... --to URL [--to URL]...

  -c, --config FILE     the configuration; default /etc/weir/weir.toml
  -l, --listen ADDRESS  where to listen, without a file; default 127.0.0.1:8080
  -t, --to URL          where requests go, without a file; several take turns

The file is checked first, its [[test]] tables too; with an error in it weir does not start.
When weir listens, it says "ready". Messages go to standard error, or where [server.log] says.

signals:
  SIGTERM, SIGINT   no new connections, what runs may end (server.drain); the second ends at once
  SIGUSR1           opens log files anew

examples:
  weir run --listen :8080 --to http://127.0.0.1:9001
  weir run --to http://10.0.0.1:9001 --to http://10.0.0.2:9001
  weir run -c weir.toml
)";

// "http://10.0.0.1" is the endpoint "10.0.0.1:80".
std::string endpoint_of(const std::string& url) {
  std::string_view rest = url;
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  if (rest.ends_with('/') && !rest.starts_with("unix:")) rest.remove_suffix(1);
  for (const char* port : {"", ":80"}) {
    const auto address = conf::parse_address(std::string(rest) + port);
    if (address && (address->is_unix() || !address->host.empty())) return std::string(rest) + port;
  }
  throw WrongUse("--to: expected a URL such as http://127.0.0.1:9001, found '" +
                 conf::readable(url) + "'");
}

std::string listed(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) {
    list += (list.empty() ? "" : ", ") + conf::quoted_text(text);
  }
  return "[" + list + "]";
}

// The file that the options stand for.
std::string file_text(const Arguments& arguments) {
  if (!arguments.has("to")) throw WrongUse("--listen needs --to URL: where shall requests go?");
  if (arguments.has("config")) {
    throw WrongUse("either a file (-c) or --listen and --to, not both");
  }
  std::vector<std::string> addresses = arguments.values("listen");
  if (addresses.empty()) addresses.emplace_back(default_address);
  std::vector<std::string> endpoints;
  for (const std::string& url : arguments.values("to")) endpoints.push_back(endpoint_of(url));

  std::string text;
  if (endpoints.size() > 1) text += "modules = [\"round_robin\"]\n";
  for (const std::string& address : addresses) {
    if (!conf::parse_address(address)) {
      throw WrongUse("--listen: expected an address such as :8080 or 127.0.0.1:8080, found '" +
                     conf::readable(address) + "'");
    }
    text += "[[listener]]\naddress = " + conf::quoted_text(address) + "\n";
  }
  return text + "[[route]]\nto = \"to\"\n[upstream.to]\nendpoints = " + listed(endpoints) + "\n";
}

// Reads what is to be served, and runs its tests. Without a file it is always the same.
Source source_of(const Arguments& arguments, Process& process) {
  const bool in_memory = arguments.has("listen") || arguments.has("to");
  const std::string file = arguments.value("config", default_file);
  const std::string text = in_memory ? file_text(arguments) : std::string();
  return [=, &process](conf::Report& report, const Generation* previous) {
    auto generation = in_memory ? process.read_text("command line", text, report, previous)
                                : process.read_file(file, report, previous);
    // What the file expects of its modules does not hold while one of them is not called.
    const bool testable = process.images().quarantined().empty();
    if (generation != nullptr && report.errors() == 0 && testable) {
      run_file_tests(generation, process.names(), report);
    }
    return generation;
  };
}

int run(const Arguments& arguments) {
  if (!arguments.words().empty()) {
    throw WrongUse("a file is given with -c: weir run -c " + arguments.words().front());
  }
  Process process;
  conf::Report report;
  const bool in_memory = arguments.has("listen") || arguments.has("to");
  const Source source = source_of(arguments, process);
  const auto generation = source(report, nullptr);
  print(report);
  if (generation == nullptr && !in_memory && !arguments.has("config")) {
    std::cerr << "another file: weir run -c FILE\n"
                 "without a file: weir run --listen :8080 --to http://127.0.0.1:9001\n";
  }
  if (generation == nullptr || report.errors() > 0) return report.exit_status();
  if (const auto log = apply_log(generation->model().server.log); !log) {
    std::cerr << "weir run: " << log.error().text << '\n';
    return wrong_world;
  }
  Alone superior;
  return Server(generation, process.names(), superior, source).run();
}

}  // namespace

const Command run_command{
    "run", "serves what a file says, or --listen and --to", manual, options, run, {}};

}  // namespace weir
