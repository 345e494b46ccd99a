// SPDX-License-Identifier: Apache-2.0
//
// weir reload, plan, upgrade and ctl: orders and questions to the weir that runs.
#include "command/arguments.hpp"
#include "command/command.hpp"
#include "command/control_client.hpp"

#include <array>
#include <iostream>
#include <string>
#include <string_view>

namespace weir {
namespace {

#define WEIR_WHERE                                                                   \
  "  -c, --config FILE  the file that weir runs with; its [server] control is the\n" \
  "                     socket; default /etc/weir/weir.toml\n"                       \
  "  --control PATH     the socket itself\n"

constexpr const char* reload_manual =
    R"(weir reload: has the weir that runs take over its file as it is now

usage: weir reload [-c FILE | --control PATH]

The file is read and checked by the process that serves. When anything is wrong, nothing changes:
the report is printed and the exit status is 1. Connections go on either way.

)" WEIR_WHERE R"(
exit status: 0 the file serves, 1 it is refused, 2 nobody answered
)";

constexpr const char* plan_manual =
    R"(weir plan: says what a reload would change, and changes nothing

usage: weir plan [-c FILE | --control PATH]

Compares the file as it is now with what serves, by meaning: + is new, - goes, ~ differs. Then what
is kept: instances with their state, upstreams with their connections.

)" WEIR_WHERE;

constexpr const char* upgrade_manual =
    R"(weir upgrade: has a new executable take over from the one that runs

usage: weir upgrade [-c FILE | --control PATH]

The executable that stands now where weir was started from gets the listening sockets; when it
serves, the old one drains. When it does not come to serve, the old one goes on.

)" WEIR_WHERE;

constexpr const char* ctl_manual = R"(weir ctl: asks the control socket, and prints its JSON

usage: weir ctl [-c FILE | --control PATH] QUESTION

  health             whether the control thread is alive
  ready              whether new connections are taken; exit status 1 if not
  status             processes, generations, loops, listeners, upstreams
  modules            what is loaded, from where
  connections        up to 1,000 connections and what they are doing
  drain              ends weir, as SIGTERM does
  log LEVEL          trace, debug, info, notice, warning or error, until the next reload

)" WEIR_WHERE;

#undef WEIR_WHERE

int reload(const Arguments& arguments) {
  arguments.expect_words(0, 0, "");
  return finish_order(ask_control(arguments, "POST", "/v1/reload"), "reloaded");
}

int plan(const Arguments& arguments) {
  arguments.expect_words(0, 0, "");
  return finish_order(ask_control(arguments, "GET", "/v1/plan"), "");
}

int upgrade(const Arguments& arguments) {
  arguments.expect_words(0, 0, "");
  return finish_order(ask_control(arguments, "POST", "/v1/upgrade"), "upgraded");
}

struct Question {
  std::string_view word;
  const char* method;
  const char* path;
};
constexpr std::array questions{
    Question{"health", "GET", "/v1/health"},   Question{"ready", "GET", "/v1/ready"},
    Question{"status", "GET", "/v1/status"},   Question{"modules", "GET", "/v1/modules"},
    Question{"drain", "POST", "/v1/drain"},    Question{"connections", "GET", "/v1/connections"},
    Question{"log", "POST", "/v1/log?level="},
};

int ctl(const Arguments& arguments) {
  arguments.expect_words(1, 2, "a QUESTION");
  const std::string& word = arguments.words().front();
  for (const Question& question : questions) {
    if (question.word != word) continue;
    std::string path = question.path;
    if (path.ends_with('=')) {
      arguments.expect_words(2, 2, "log LEVEL");
      path += arguments.words()[1];
    }
    const ControlAnswer answer = ask_control(arguments, question.method, path);
    if (answer.status == 0) return finish_order(answer, "");
    std::cout << answer.body;
    return answer.status == 200 ? all_good : wrong_input;
  }
  throw WrongUse("there is no question '" + word + "': weir help ctl lists them");
}

}  // namespace

const Command reload_command{"reload",      "takes the changed file over, or says what is wrong",
                             reload_manual, control_options,
                             reload,        {}};
const Command plan_command{
    "plan", "says what a reload would change", plan_manual, control_options, plan, {}};
const Command upgrade_command{
    "upgrade", "has a new executable take over", upgrade_manual, control_options, upgrade, {}};
const Command ctl_command{
    "ctl", "asks the weir that runs, in JSON", ctl_manual, control_options, ctl, {}};

}  // namespace weir
