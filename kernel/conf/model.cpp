// SPDX-License-Identifier: Apache-2.0
#include "conf/model.hpp"

#include <weir/module.h>

#include "conf/file.hpp"
#include "conf/kernel_keys.hpp"
#include "conf/limits.hpp"
#include "conf/model_reader.hpp"
#include "conf/report.hpp"
#include "conf/schema.hpp"
#include "conf/template.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pwd.h>

namespace weir::conf {

namespace {

constexpr std::array top_level{"modules",  "include", "server",  "listener", "route",
                               "upstream", "filter",  "observe", "module",   "test"};

void check_names(Reading& reading) {
  const std::vector<std::string> known(top_level.begin(), top_level.end());
  for (const Node& node : reading.document.root().children()) {
    if (std::ranges::find(known, node.key()) != known.end()) continue;
    const bool table = node.is(Kind::table);
    const std::string name = readable(node.key());
    reading.report.error(node.key_place(),
                         table ? "unknown table [" + name + "]" : "unknown key '" + name + "'",
                         suggestion(node.key(), known));
  }
}

bool is_component_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return text;
}

void list_module(Reading& reading, const Node& node, FirstPlaces& seen) {
  if (!node.is(Kind::text) || !is_component_name(node.text())) {
    const bool path = node.is(Kind::text) && node.text().find_first_of("/.") != std::string::npos;
    reading.report.error(
        node.place(), "modules: expected a name such as \"cache\", found " + node.shown(),
        path ? "list a name, and give its file by [module.NAME] path = \"...\"" : "");
    return;
  }
  const auto [first, fresh] = seen.emplace(node.text(), node.place());
  if (!fresh) {
    reading.report.conflict(node.place(), "modules: \"" + node.text() + "\" is listed twice",
                            first->second, "first listed here");
    return;
  }
  reading.model.modules.push_back({node.text(), "", "", node.place()});
}

void pin_module(Reading& reading, const Node& node) {
  const std::string title = "[module." + readable(node.key()) + "]";
  auto& modules = reading.model.modules;
  const auto entry = std::ranges::find_if(
      modules, [&](const ModuleEntry& each) { return each.name == node.key(); });
  Storage storage;
  const auto* keys = reading.fill_table<ModuleKeys>(module_schema, &node, title, storage);
  if (entry == modules.end()) {
    reading.report.warning(node.key_place(),
                           title + " is not listed in modules, so it is not loaded",
                           "add \"" + readable(node.key()) + "\" to modules");
    return;
  }
  entry->path = text_of(keys->path);
  entry->sha256 = lower(text_of(keys->sha256));
  if (!entry->sha256.empty() && !is_sha256(entry->sha256)) {
    const Node* written = node.find("sha256");
    reading.report.error(written->place(),
                         "sha256: expected 64 hexadecimal digits, found " + written->shown(),
                         "sha256sum FILE prints them");
    entry->sha256.clear();
  }
}

std::vector<Instance> instances_of(Reading& reading, std::string_view kind) {
  std::vector<Instance> out;
  const Node* tables = reading.document.root().find(kind);
  if (tables == nullptr) return out;
  if (!tables->is(Kind::table)) {
    reading.report.error(tables->key_place(), "'" + std::string{kind} + "' is a table of tables",
                         "write [" + std::string{kind} + ".NAME]");
    return out;
  }
  for (const Node& node : tables->children()) {
    if (!node.is(Kind::table)) {
      reading.report.error(node.place(), "[" + std::string{kind} + "." + readable(node.key()) +
                                             "]: expected a table, found " + node.shown());
      continue;
    }
    Instance instance;
    instance.name = node.key();
    instance.keys = read_instance_keys(&node, reading.report);
    instance.component = instance.keys.use.empty() ? node.key() : instance.keys.use;
    instance.table = &node;
    instance.place = node.key_place();
    out.push_back(std::move(instance));
  }
  return out;
}

}  // namespace

void read_server(Reading& reading) {
  const Node* table = reading.document.root().find("server");
  Server& server = reading.model.server;
  Storage storage;
  const auto* keys = reading.fill_table<ServerKeys>(server_schema, table, "[server]", storage);
  server.processes = static_cast<size_t>(keys->processes);
  server.workers = static_cast<size_t>(keys->workers);
  server.user = text_of(keys->user);
  if (!server.user.empty() && ::getpwnam(server.user.c_str()) == nullptr) {
    const Node* written = table->find("user");
    reading.report.world(written->place(), "user: there is no user " + written->shown());
  }
  server.sandbox = keys->sandbox != 0;
  server.pid = text_of(keys->pid);
  server.control = text_of(keys->control);
  const auto trusted = items_of<weir_cidr>(keys->trusted_proxies);
  server.trusted_proxies.assign(trusted.begin(), trusted.end());
  server.log = {keys->log.level, text_of(keys->log.file), keys->log.format == 1};
  server.drain = keys->drain;
  server.notice = keys->notice;
  server.limits = keys->limits;
  server.timeouts = keys->timeouts;
  server.place = table == nullptr ? Place{} : table->place();
}

void read_modules(Reading& reading) {
  const Node& root = reading.document.root();
  if (const Node* list = root.find("modules")) {
    reading.model.modules_place = list->key_place();
    FirstPlaces seen;
    if (list->is(Kind::array)) {
      for (const Node& node : list->children()) list_module(reading, node, seen);
    } else {
      reading.report.error(list->place(),
                           "modules: expected a list such as [\"cache\"], found " + list->shown());
    }
  }
  const Node* tables = root.find("module");
  if (tables == nullptr) return;
  if (!tables->is(Kind::table)) {
    reading.report.error(tables->key_place(), "'module' is a table of tables",
                         "write [module.NAME]");
    return;
  }
  for (const Node& node : tables->children()) pin_module(reading, node);
}

void read_instances(Reading& reading) {
  reading.model.filters = instances_of(reading, "filter");
  reading.model.observers = instances_of(reading, "observe");
}

std::optional<Model> read_model(const Document& document, Report& report) {
  Reading reading{document, report};
  check_names(reading);
  read_server(reading);
  read_modules(reading);
  read_listeners(reading);
  read_upstreams(reading);
  read_instances(reading);
  read_routes(reading);
  read_tests(reading);
  return std::move(reading.model);
}

InstanceKeys read_instance_keys(const Node* table, Report& report) {
  Storage storage;
  Input input;
  input.table = table;
  input.open = true;
  const Intern none = [](std::string_view) { return 0u; };
  InstanceKeys out;
  if (table != nullptr && !table->is(Kind::table)) return out;
  const auto* keys = static_cast<const InstanceFields*>(
      fill_anyway(instance_keys_schema, input, storage, report, none).conf);
  out.use = text_of(keys->use);
  out.on_fault = static_cast<OnFault>(keys->on_fault);
  out.wait_timeout = keys->wait_timeout;
  return out;
}

const weir_schema& instance_schema() { return instance_keys_schema; }

void report_unlisted(const Model& model, std::string_view kind, const Use& use,
                     std::string_view module, Report& report) {
  const std::string name{module};
  const std::string file = use.place.source == nullptr ? "the file" : use.place.source->name();
  const std::string hint = model.modules_place.source != nullptr
                               ? "add \"" + name + "\" to modules at " + model.modules_place.text()
                               : "put modules = [\"" + name + "\"] on top of " + file;
  report.error(use.place,
               std::string{kind} + " '" + readable(use.name) + "' needs the module '" + name + "'",
               hint);
}

std::vector<KernelTable> kernel_tables() {
  return {{"[server]", "The process.", &server_schema},
          {"[server.log]", "The log of the kernel and of modules; access logs are observers.",
           &log_schema},
          {"[server.limits]", "Bounds of HTTP/1.", &limits_schema},
          {"[server.timeouts]", "Time bounds of HTTP/1.", &timeouts_schema},
          {"[[listener]]", "Where traffic enters.", &listener_schema},
          {"[[route]]", "What matches, what is done, where it goes.", &route_schema},
          {"[upstream.NAME]", "Where it goes: endpoints and how they are used.", &upstream_schema},
          {"endpoints", "One endpoint, where more than its address is said.", &endpoint_schema},
          {"[filter.NAME], [observe.NAME]", "Keys of every instance, besides those of its module.",
           &instance_keys_schema},
          {"[module.NAME]", "A module from elsewhere, or a pinned one.", &module_schema},
          {"[[test]]", "What the file is meant to do.", &test_schema}};
}

}  // namespace weir::conf
