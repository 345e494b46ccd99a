// SPDX-License-Identifier: Apache-2.0
#include "serve/control_api.hpp"

#include "conf/report.hpp"
#include "serve/control_socket.hpp"
#include "supervise/superior.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir {
namespace {

using Respond = ControlSocket::Respond;

std::string error_json(std::string_view text) {
  return "{\"error\":" + conf::json_string(text) + "}\n";
}

bool all_good(const std::vector<Outcome>& outcomes) {
  return std::all_of(outcomes.begin(), outcomes.end(),
                     [](const Outcome& each) { return each.good; });
}

std::string processes_json(const std::vector<Outcome>& outcomes) {
  std::string out = "{\"version\":\"" WEIR_VERSION "\",\"processes\":[";
  for (size_t i = 0; i < outcomes.size(); ++i) {
    out += (i == 0 ? "" : ",\n") +
           (outcomes[i].good ? outcomes[i].text : error_json(outcomes[i].text));
  }
  return out + "]}\n";
}

// An order succeeds when it does so in every process; of refusals the first says why.
ControlReply order_reply(const std::vector<Outcome>& outcomes) {
  std::string text;
  for (const Outcome& outcome : outcomes) {
    if (!outcome.good) return {409, error_json(outcome.text)};
    if (text.empty()) text = outcome.text;
  }
  return {200, "{\"text\":" + conf::json_string(text) + "}\n"};
}

void ask(Superior& superior, const std::string& question, const Respond& respond) {
  superior.ask_all(question, [respond](const std::vector<Outcome>& outcomes) {
    respond({200, processes_json(outcomes)});
  });
}

Superior::Told as_order(const Respond& respond) {
  return [respond](const std::vector<Outcome>& outcomes) { respond(order_reply(outcomes)); };
}

using Act = void (*)(Superior&, const ControlRequest&, const Respond&);
struct Entry {
  std::string_view method;
  std::string_view path;
  Act act;
};

void health(Superior&, const ControlRequest&, const Respond& respond) {
  respond({200, "{\"health\":\"good\"}\n"});
}

void ready(Superior& superior, const ControlRequest&, const Respond& respond) {
  superior.ask_all("ready", [respond](const auto& outcomes) {
    const bool good = all_good(outcomes);
    respond({good ? 200U : 503U, good ? "{\"ready\":true}\n" : "{\"ready\":false}\n"});
  });
}

void question(Superior& superior, const ControlRequest& request, const Respond& respond) {
  ask(superior, request.path.substr(request.path.rfind('/') + 1), respond);
}

void plan(Superior& superior, const ControlRequest&, const Respond& respond) {
  superior.ask_all("plan", as_order(respond));
}

void reload(Superior& superior, const ControlRequest&, const Respond& respond) {
  superior.reload_all(as_order(respond));
}

// The reply comes first: the process may be gone before it could.
void drain(Superior& superior, const ControlRequest&, const Respond& respond) {
  respond({200, "{\"text\":\"draining\\n\"}\n"});
  superior.drain_all();
}

void upgrade(Superior& superior, const ControlRequest&, const Respond& respond) {
  superior.upgrade(as_order(respond));
}

void set_log(Superior& superior, const ControlRequest& request, const Respond& respond) {
  constexpr std::string_view key = "level=";
  if (!request.query.starts_with(key)) {
    return respond({400, error_json("which level? /v1/log?level=debug")});
  }
  superior.ask_all("log " + request.query.substr(key.size()), as_order(respond));
}

constexpr std::array entries{
    Entry{"GET", "/v1/health", health},        Entry{"GET", "/v1/ready", ready},
    Entry{"GET", "/v1/status", question},      Entry{"GET", "/v1/modules", question},
    Entry{"GET", "/v1/connections", question}, Entry{"GET", "/v1/plan", plan},
    Entry{"POST", "/v1/reload", reload},       Entry{"POST", "/v1/drain", drain},
    Entry{"POST", "/v1/upgrade", upgrade},     Entry{"POST", "/v1/log", set_log},
};

}  // namespace

void serve_control(Superior& superior, const ControlRequest& request,
                   const ControlSocket::Respond& respond) {
  bool known = false;
  for (const Entry& entry : entries) {
    if (entry.path != request.path) continue;
    if (entry.method == request.method) return entry.act(superior, request, respond);
    known = true;
  }
  if (known) return respond({405, error_json(request.path + " is not for " + request.method)});
  std::string paths;
  for (const Entry& entry : entries) {
    paths +=
        (paths.empty() ? "" : ", ") + std::string(entry.method) + " " + std::string(entry.path);
  }
  respond({404, error_json("there is no " + request.path + "; there are: " + paths)});
}

}  // namespace weir
