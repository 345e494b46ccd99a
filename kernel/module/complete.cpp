// SPDX-License-Identifier: Apache-2.0
//
// Checks and completes the tables of one component.
#include <weir/module.h>

#include "conf/schema.hpp"
#include "module/image.hpp"
#include "module/note.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace weir {

namespace {

// Members that the module's minor does not know stay zero.
template <class Table>
bool copy_table(const void* from, size_t least, Table& to) {
  uint32_t size = 0;
  std::memcpy(&size, from, sizeof size);
  if (size < least) return false;
  std::memcpy(&to, from, std::min<size_t>(size, sizeof to));
  to.size = sizeof to;
  return true;
}

std::string lacking(const weir_http_filter& ops) {
  return ops.request == nullptr && ops.response == nullptr ? "request and response" : "";
}
std::string lacking(const weir_handler& ops) { return ops.request == nullptr ? "request" : ""; }
std::string lacking(const weir_observer& ops) { return ops.exchange == nullptr ? "exchange" : ""; }
std::string lacking(const weir_balancer& ops) {
  if (ops.build == nullptr) return "build";
  if (ops.drop == nullptr) return "drop";
  return ops.pick == nullptr ? "pick" : "";
}

std::string lacking(const weir_transport& ops) {
  if (ops.open == nullptr) return "open";
  if (ops.handshake == nullptr) return "handshake";
  if ((ops.recv == nullptr) != (ops.send == nullptr)) return "recv and send: they go together";
  return ops.close == nullptr ? "close" : "";
}

template <class Ops>
std::string complete_ops(size_t least, Component& to) {
  const void* from = to.table.ops;
  auto& ops = to.ops.emplace<Ops>();
  if (!copy_table(from, least, ops)) return "its table of functions is too small";
  const auto missing = lacking(ops);
  return missing.empty() ? "" : "it has no " + missing;
}

std::string complete_kind(std::string_view kind, Component& to) {
  if (kind == "weir.http-filter/1") {
    return complete_ops<weir_http_filter>(offsetof(weir_http_filter, request), to);
  }
  if (kind == "weir.handler/1") return complete_ops<weir_handler>(offsetof(weir_handler, run), to);
  if (kind == "weir.observer/1") {
    return complete_ops<weir_observer>(offsetof(weir_observer, flush), to);
  }
  if (kind == "weir.balancer/1") {
    return complete_ops<weir_balancer>(offsetof(weir_balancer, done), to);
  }
  if (kind == "weir.transport/1") {
    return complete_ops<weir_transport>(offsetof(weir_transport, info), to);
  }
  return "weir " WEIR_VERSION " knows no kind '" + std::string{kind} + "'";
}

}  // namespace

std::string complete(const weir_component& from, Component& to) {
  if (!copy_table(&from, offsetof(weir_component, identity), to.table)) {
    return "a weir_component of it is too small";
  }
  const weir_component& table = to.table;
  if (table.name == nullptr || table.kind == nullptr || table.doc == nullptr ||
      table.ops == nullptr) {
    return "a component of it lacks name, kind, doc or ops";
  }
  if (!is_module_name(table.name)) {
    return std::string{"a component cannot be called '"} + table.name + "' (a to z, 0 to 9 and _)";
  }
  const auto named = [&](const std::string& wrong) {
    return "component '" + std::string{table.name} + "': " + wrong;
  };
  if (const auto wrong = complete_kind(table.kind, to); !wrong.empty()) return named(wrong);
  if ((table.worker_start == nullptr) != (table.worker_stop == nullptr)) {
    return named("worker_start and worker_stop go together");
  }
  if (table.schema == nullptr) return "";
  const auto flaws = conf::flaws(*table.schema);
  return flaws.empty() ? "" : named(flaws.front());
}

}  // namespace weir
