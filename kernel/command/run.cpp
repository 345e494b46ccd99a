// SPDX-License-Identifier: Apache-2.0
//
// weir run: serves.
#include "command/arguments.hpp"
#include "command/command.hpp"
#include "command/file_tests.hpp"
#include "command/process.hpp"
#include "command/terminal.hpp"
#include "conf/file.hpp"
#include "conf/fingerprint.hpp"
#include "conf/model.hpp"
#include "conf/report.hpp"
#include "conf/scan.hpp"
#include "conf/units.hpp"
#include "net/address.hpp"
#include "serve/generation.hpp"
#include "serve/log_target.hpp"
#include "serve/reload.hpp"
#include "serve/server.hpp"
#include "supervise/alone.hpp"
#include "supervise/superior.hpp"
#include "supervise/supervisor.hpp"

#include <algorithm>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

namespace weir {
namespace {

constexpr std::string_view default_address = "127.0.0.1:8080";

constexpr Option options[] = {
    {"config", 'c', "FILE"},
    {"listen", 'l', "ADDRESS", true},
    {"to", 't', "URL", true},
    {"no-supervisor"},
};

constexpr const char* manual = R"(weir run: serves until SIGTERM or SIGINT

usage: weir run [--no-supervisor] [-c FILE]
       weir run [--no-supervisor] [--listen ADDRESS]... --to URL [--to URL]...

  -c, --config FILE     the configuration; default /etc/weir/weir.toml
  -l, --listen ADDRESS  where to listen, without a file; default 127.0.0.1:8080
  -t, --to URL          where requests go, without a file; several take turns
      --no-supervisor   one process does it all, without the sandbox of workers; for debuggers, and
                        where something else starts weir again when it dies and locks it in

The file is checked first, its [[test]] tables too; with an error in it weir does not start.
When weir listens, it says "ready". Messages go to standard error, or where [server.log] says.

This process is the supervisor. It owns the listening sockets, loads no module, and starts the
worker processes (server.processes), which become server.user. A worker that dies is replaced: at
once, or when its predecessors did not live for long, after a pause of 100 ms to 10 s. Meanwhile
connections wait. A worker that ends before it has ever served ends the supervisor too, with its
exit status.

signals:
  SIGTERM, SIGINT   no new connections, what runs may end (server.drain); the second ends at once,
                    or ends server.notice where that is set
  SIGHUP            takes over the file as it is now; a wrong one changes nothing
  SIGUSR1           opens log files anew
  SIGUSR2           upgrade: starts the executable anew, which may be a new one, on the same
                    sockets, and ends when it serves; when it does not, all stays as it is

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

using Load = std::function<std::optional<conf::Document>(conf::Report&)>;

// What the file expects of its modules does not hold while one of them is not called.
void test(Process& process, const std::shared_ptr<Generation>& generation, conf::Report& report) {
  const bool testable = process.images().quarantined().empty();
  if (generation != nullptr && report.errors() == 0 && testable) {
    run_file_tests(generation, process.names(), report);
  }
}

// The tests of the file run on a generation of their own: what serves is not to be disturbed by
// them, and the next one shares instances with it.
std::shared_ptr<Generation> read_next(Process& process, const Load& load, conf::Report& report,
                                      const Generation* previous) {
  auto document = load(report);
  if (!document) return nullptr;
  if (document->root().find("test") != nullptr) {
    auto trial = load(report);
    if (!trial || conf::fingerprint(trial->root()) != conf::fingerprint(document->root())) {
      report.world({}, "the file changed while it was read", "try again");
      return nullptr;
    }
    test(process, process.read(std::move(*trial), report), report);
    if (report.errors() > 0) return nullptr;
  }
  return process.read(std::move(*document), report, previous);
}

// Serves in this process what was read, and takes it over again when it is told to; prints what is
// wrong with it.
int serve(Process& process, std::shared_ptr<Generation> generation, conf::Report& report,
          Superior& superior, const Load& load) {
  test(process, generation, report);
  print(report);
  if (generation == nullptr || report.errors() > 0) return report.exit_status();
  if (const auto log = apply_log(generation->model().server.log); !log) {
    std::cerr << "weir run: " << log.error().text << '\n';
    return wrong_world;
  }
  const Source source = [&](conf::Report& again, const Generation* previous) {
    return read_next(process, load, again, previous);
  };
  return Server(std::move(generation), process.names(), superior, source).run();
}

// A worker starts with the document that the supervisor has in memory, so a file that is being
// edited, or one that only root may read, does not keep it from starting again.
class Supervision final : public Work {
 public:
  explicit Supervision(Load load) : load_(std::move(load)) {}

  const conf::Server& settings() const override { return taken_.settings; }

  std::string look() override {
    conf::Report unread;  // who loads modules too reports it all
    seen_ = load_(unread);
    return seen_ && unread.errors() == 0 ? conf::fingerprint(seen_->root()) : std::string();
  }

  bool take() override {
    conf::Report unread;
    const auto model = seen_ ? conf::read_model(*seen_, unread) : std::nullopt;
    if (!model || unread.errors() > 0) return false;
    former_ = std::exchange(taken_, {{}, model->server, addresses_of(*model)});
    taken_.settings.place = {};  // of another document
    taken_.document = std::move(seen_);
    return true;
  }

  void take_back() override { taken_ = std::move(former_); }

  bool listens_on(const Address& address) override {
    const auto is_in = [&](const std::vector<Address>& addresses) {
      return std::ranges::find(addresses, address) != addresses.end();
    };
    if (is_in(taken_.addresses)) return true;
    conf::Report unread;
    const auto document = load_(unread);
    const auto model = document ? conf::read_model(*document, unread) : std::nullopt;
    return model && is_in(addresses_of(*model));
  }

  bool open_log() override {
    const auto log = apply_log(taken_.settings.log);
    if (!log) std::cerr << "weir run: " << log.error().text << '\n';
    return static_cast<bool>(log);
  }

  int serve(Superior& superior, const std::set<std::string>& quarantined) override {
    Process process;
    auto names = process.images().quarantined();
    names.insert(quarantined.begin(), quarantined.end());
    process.images().quarantine(std::move(names));
    conf::Report report;
    auto document = std::exchange(taken_.document, std::nullopt);
    auto generation = document ? process.read(std::move(*document), report) : nullptr;
    return weir::serve(process, std::move(generation), report, superior, load_);
  }

 private:
  Load load_;
  static std::vector<Address> addresses_of(const conf::Model& model) {
    std::vector<Address> addresses;
    for (const conf::Listener& listener : model.listeners) {
      if (const auto address = Address::from(listener.address)) addresses.push_back(*address);
    }
    const std::string& control = model.server.control;
    if (const auto address = Address::from(conf::Address{"", 0, control}); address) {
      addresses.push_back(*address);
    }
    return addresses;
  }

  struct Taken {
    std::optional<conf::Document> document;
    conf::Server settings;
    std::vector<Address> addresses;
  };

  std::optional<conf::Document> seen_;
  Taken taken_, former_;
};

int serve_alone(const Load& load) {
  Process process;
  conf::Report report;
  auto document = load(report);
  auto generation = document ? process.read(std::move(*document), report) : nullptr;
  if (generation != nullptr && !generation->model().server.user.empty() && ::geteuid() == 0) {
    report.world(generation->model().server.place,
                 "server.user has no effect with --no-supervisor: who is root stays root",
                 "start weir as that user, or without --no-supervisor");
  }
  Alone superior(generation == nullptr ? "" : generation->model().server.pid);
  const int status = serve(process, std::move(generation), report, superior, load);
  return superior.failed() ? wrong_world : status;
}

int run(const Arguments& arguments) {
  if (!arguments.words().empty()) {
    throw WrongUse("a file is given with -c: weir run -c " + arguments.words().front());
  }
  const bool in_memory = arguments.has("listen") || arguments.has("to");
  const std::string text = in_memory ? file_text(arguments) : "";
  const std::string file = arguments.value("config", default_file);
  const Load load = [&](conf::Report& report) {
    return in_memory ? conf::load_text("command line", text, report)
                     : conf::load_file(file, report);
  };
  Supervision supervision(load);
  if (!arguments.has("no-supervisor") && !supervision.look().empty() && supervision.take()) {
    return Supervisor(supervision).run();
  }
  const int status = serve_alone(load);
  if (status != all_good && !in_memory && !arguments.has("config") && !std::ifstream(file)) {
    std::cerr << "another file: weir run -c FILE\n"
                 "without a file: weir run --listen :8080 --to http://127.0.0.1:9001\n";
  }
  return status;
}

}  // namespace

const Command run_command{
    "run", "serves what a file says, or --listen and --to", manual, options, run, {}};

}  // namespace weir
