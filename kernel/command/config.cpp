// SPDX-License-Identifier: Apache-2.0
//
// weir config: a file with all defaults spelled out, and what files may hold.
#include <weir/module.h>

#include "command/arguments.hpp"
#include "command/command.hpp"
#include "command/process.hpp"
#include "command/terminal.hpp"
#include "conf/describe.hpp"
#include "conf/model.hpp"
#include "conf/report.hpp"
#include "module/image.hpp"
#include "module/registry.hpp"

#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weir {
namespace {

constexpr Option options[] = {
    {"config", 'c', "FILE"},
    {"effective"},
    {"schema"},
};

constexpr const char* manual = R"(weir config: shows a file as weir understands it

usage: weir config --effective [-c FILE]
       weir config --schema

  -c, --config FILE  the configuration; default /etc/weir/weir.toml
  --effective        every key with its value and where that comes from: a line of a file, or
                     the default; secrets are never shown
  --schema           a JSON Schema of the file, for editors; keys of modules are left open

examples:
  weir config --effective -c weir.toml
  weir config --schema > weir.schema.json
)";

std::vector<const char*> kinds_of(std::string_view kind) {
  if (kind == "observe") return {"weir.observer/1"};
  if (kind == "balancer") return {"weir.balancer/1"};
  if (kind == "transport") return {"weir.transport/1"};
  return {"weir.http-filter/1", "weir.handler/1"};
}

int effective(const std::string& file) {
  Process process;
  conf::Report report;
  const auto generation = process.read_file(file, report);
  print(report);
  if (generation == nullptr || report.errors() > 0) return report.exit_status();
  const Registry& registry = generation->registry();
  std::cout << conf::effective(
      generation->document(),
      [&](std::string_view kind, std::string_view name) -> const weir_schema* {
        for (const char* each : kinds_of(kind)) {
          const Component* const component = registry.find(each, name);
          if (component != nullptr) return component->table.schema;
        }
        return nullptr;
      });
  return all_good;
}

std::string schema_of(std::string_view title) {
  const bool open = title == "[[listener]]" || title == "[upstream.NAME]";
  for (const conf::KernelTable& table : conf::kernel_tables()) {
    if (title != table.title) continue;
    return open ? conf::open_json_schema(*table.schema) : conf::json_schema(*table.schema);
  }
  throw std::logic_error("no kernel table " + std::string(title));
}

// Tables by name, each of this schema.
std::string named(const std::string& schema) {
  return R"({"type":"object","additionalProperties":)" + schema + "}";
}

std::string list_of(const std::string& schema) {
  return R"({"type":"array","items":)" + schema + "}";
}

std::string file_schema() {
  constexpr std::string_view texts = R"({"type":"array","items":{"type":"string"}})";
  const std::string instances = named(R"({"type":"object"})");
  std::string out = R"({"$schema":"http://json-schema.org/draft-07/schema#","title":"weir.toml",)";
  out += R"("type":"object","additionalProperties":false,"properties":{)";
  out += "\"include\":" + std::string(texts) + ",\n\"modules\":" + std::string(texts);
  out += ",\n\"server\":" + schema_of("[server]");
  out += ",\n\"listener\":" + list_of(schema_of("[[listener]]"));
  out += ",\n\"route\":" + list_of(schema_of("[[route]]"));
  out += ",\n\"upstream\":" + named(schema_of("[upstream.NAME]"));
  out += ",\n\"filter\":" + instances + ",\n\"observe\":" + instances;
  out += ",\n\"module\":" + named(schema_of("[module.NAME]"));
  return out + ",\n\"test\":" + list_of(schema_of("[[test]]")) + "}}\n";
}

int run(const Arguments& arguments) {
  if (!arguments.words().empty()) {
    throw WrongUse("a file is given with -c: weir config --effective -c " +
                   arguments.words().front());
  }
  if (arguments.has("effective") == arguments.has("schema")) {
    throw WrongUse("expected either --effective or --schema");
  }
  if (arguments.has("schema")) return std::cout << file_schema(), all_good;
  return effective(arguments.value("config", default_file));
}

}  // namespace

const Command config_command{
    "config", "shows a file with all defaults, or its JSON Schema", manual, options, run, {}};

}  // namespace weir
