// SPDX-License-Identifier: Apache-2.0
#include "command/arguments.hpp"
#include "command/command.hpp"
#include "command/control_client.hpp"

#include <cstddef>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <string>

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

namespace weir {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr const char* manual = R"(weir status: how the weir that runs is doing

usage: weir status [-c FILE | --control PATH]

Processes with their generations, loops, listeners and upstreams; `weir ctl status` prints the same
in JSON, for programs.

  -c, --config FILE  the file that weir runs with; its [server] control is the socket;
                     default /etc/weir/weir.toml
  --control PATH     the socket itself
)";

std::string duration(int64_t seconds) {
  std::string text;
  const int64_t days = seconds / 86'400;
  if (days > 0) text += std::to_string(days) + " d ";
  if (seconds >= 3'600) text += std::to_string(seconds % 86'400 / 3'600) + " h ";
  if (seconds >= 60) text += std::to_string(seconds % 3'600 / 60) + " min ";
  return text + std::to_string(seconds % 60) + " s";
}

int64_t number(const Object& object, const char* key) { return object.optValue<int64_t>(key, 0); }

std::string joined(const Array& array) {
  std::string text;
  for (const auto& each : array) text += (text.empty() ? "" : ", ") + each.toString();
  return text;
}

void print_generations(const Array& generations) {
  for (size_t i = 0; i < generations.size(); ++i) {
    const Object& generation = *generations.getObject(static_cast<unsigned>(i));
    std::cout << "  generation " << number(generation, "number")
              << (generation.optValue("serves", false) ? ", serves: " : ", ends: ")
              << number(generation, "routes") << " routes, " << number(generation, "instances")
              << " instances\n";
  }
}

void print_workers(const Array& workers, int64_t age) {
  for (size_t i = 0; i < workers.size(); ++i) {
    const Object& worker = *workers.getObject(static_cast<unsigned>(i));
    const double busy =
        age == 0 ? 0
                 : static_cast<double>(number(worker, "busy_ms")) / 10.0 / static_cast<double>(age);
    std::cout << "  loop " << i << ": " << number(worker, "connections") << " connections, "
              << number(worker, "requests") << " requests, " << std::fixed << std::setprecision(1)
              << busy << " % busy, longest turn " << number(worker, "longest_turn_us") << " us\n";
  }
}

void print_upstreams(const Array& upstreams) {
  for (size_t i = 0; i < upstreams.size(); ++i) {
    const Object& upstream = *upstreams.getObject(static_cast<unsigned>(i));
    std::cout << "  upstream " << upstream.optValue<std::string>("name", "") << ":";
    const Array& endpoints = *upstream.getArray("endpoints");
    for (size_t j = 0; j < endpoints.size(); ++j) {
      const Object& endpoint = *endpoints.getObject(static_cast<unsigned>(j));
      std::cout << (j == 0 ? " " : ", ") << endpoint.optValue<std::string>("address", "") << " ("
                << number(endpoint, "in_flight") << " in flight)";
    }
    std::cout << (endpoints.size() == 0 ? " no endpoint\n" : "\n");
  }
}

void print_process(const Object& process) {
  if (process.has("error")) {
    std::cout << "process: " << process.getValue<std::string>("error") << '\n';
    return;
  }
  const int64_t age = number(process, "age_s");
  std::cout << "process " << number(process, "pid") << ", "
            << process.optValue<std::string>("state", "") << " for " << duration(age) << ", "
            << number(process, "resident_bytes") / 1'048'576 << " MiB, "
            << number(process, "open_files") << " open files\n"
            << "  " << number(process, "reloads") << " reloads, "
            << number(process, "refused_reloads") << " refused\n"
            << "  listens on " << joined(*process.getArray("listeners")) << '\n';
  print_generations(*process.getArray("generations"));
  print_workers(*process.getArray("workers"), age);
  print_upstreams(*process.getArray("upstreams"));
}

int status(const Arguments& arguments) {
  arguments.expect_words(0, 0, "");
  const ControlAnswer answer = ask_control(arguments, "GET", "/v1/status");
  if (answer.status != 200) return finish_order(answer, "");
  const auto object = Poco::JSON::Parser().parse(answer.body).extract<Object::Ptr>();
  std::cout << "weir " << object->optValue<std::string>("version", "") << '\n';
  const Array& processes = *object->getArray("processes");
  for (size_t i = 0; i < processes.size(); ++i) {
    print_process(*processes.getObject(static_cast<unsigned>(i)));
  }
  return all_good;
}

}  // namespace

const Command status_command{
    "status", "how the weir that runs is doing", manual, control_options, status, {}};

}  // namespace weir
