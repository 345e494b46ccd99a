// SPDX-License-Identifier: Apache-2.0
#include "serve/plan.hpp"

#include "conf/file.hpp"
#include "conf/fingerprint.hpp"
#include "conf/model.hpp"
#include "serve/generation.hpp"
#include "serve/instances.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {
namespace {

using conf::Kind;
using conf::Node;
using Named = std::vector<std::pair<std::string, const Node*>>;

// Keys that are told one by one, the way they are written.
void compare(const std::string& path, const Node* now, const Node* next,
             std::vector<std::string>& changes) {
  if (now == nullptr && next == nullptr) return;
  if (now == nullptr) return changes.push_back("+ " + path + ": " + next->shown());
  if (next == nullptr) return changes.push_back("- " + path + ": " + now->shown());
  if (conf::fingerprint(*now) == conf::fingerprint(*next)) return;
  if (!now->is(Kind::table) || !next->is(Kind::table)) {
    const bool lists = now->is(Kind::array) || next->is(Kind::array);
    return changes.push_back("~ " + path +
                             (lists ? " differs" : ": " + now->shown() + " -> " + next->shown()));
  }
  std::set<std::string> keys;
  for (const Node* const table : {now, next}) {
    for (const Node& child : table->children()) keys.insert(child.key());
  }
  for (const std::string& key : keys) {
    std::string below = path;
    below.append(".").append(key);
    compare(below, now->find(key), next->find(key), changes);
  }
}

std::string listed(const Node* node) {
  if (node == nullptr) return {};
  if (node->is(Kind::text)) return node->text();
  std::string text;
  for (const Node& child : node->children()) {
    if (!text.empty()) text += ',';
    text += child.is(Kind::text) ? child.text() : child.shown();
  }
  return text;
}

// "GET example.com/api/*", and what else it asks for.
std::string name_of_route(const Node& route) {
  std::string name = listed(route.find("method"));
  if (!name.empty()) name += ' ';
  const std::string host = listed(route.find("host"));
  const std::string path = listed(route.find("path"));
  name += (host.empty() ? "*" : host) + (path.empty() ? "" : " " + path);
  for (const char* const key : {"listener", "header", "query", "cookie", "client"}) {
    const Node* const node = route.find(key);
    if (node != nullptr) name += std::string(" ") + key + "=" + conf::fingerprint(*node);
  }
  return name;
}

std::string name_of_listener(const Node& listener) {
  const Node* const name = listener.find(listener.find("name") != nullptr ? "name" : "address");
  return name == nullptr ? "" : listed(name);
}

template <class Name>
Named named_tables(const Node* list, Name name) {
  Named named;
  if (list == nullptr) return named;
  for (const Node& node : list->children()) named.emplace_back(name(node), &node);
  return named;
}

void compare_named(const std::string& what, const Named& now, const Named& next,
                   std::vector<std::string>& changes) {
  std::map<std::string, std::pair<const Node*, const Node*>> both;
  for (const auto& [name, node] : now) both[name].first = node;
  for (const auto& [name, node] : next) both[name].second = node;
  for (const auto& [name, nodes] : both) {
    const auto& [before, after] = nodes;
    std::string title = what;
    title.append(" ").append(name);
    if (before != nullptr && after != nullptr) {
      compare(title, before, after, changes);
    } else {
      changes.push_back((before == nullptr ? "+ " : "- ") + title);
    }
  }
}

std::string count(size_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

void add_effects(const Generation& now, const Generation& next, Plan& plan) {
  const auto& before = now.instances().all();
  size_t kept = 0;
  std::string anew;
  for (const auto& instance : next.instances().all()) {
    if (std::find(before.begin(), before.end(), instance) != before.end()) {
      ++kept;
    } else {
      anew += (anew.empty() ? "" : ", ") + instance->name;
    }
  }
  plan.effects.push_back(count(kept, "instance") + " kept with their state" +
                         (anew.empty() ? "" : "; made anew: " + anew));
  const auto& former = now.upstreams();
  const auto pools = static_cast<size_t>(
      std::count_if(next.upstreams().begin(), next.upstreams().end(), [&](const auto& upstream) {
        return std::find(former.begin(), former.end(), upstream) != former.end();
      }));
  plan.effects.push_back(count(pools, "upstream") + " of " +
                         std::to_string(next.upstreams().size()) + " kept with connections");
  for (const std::string& key : lasting_settings(now.model().server, next.model().server)) {
    plan.effects.push_back(key + " takes effect when weir starts anew");
  }
}

}  // namespace

std::vector<std::string> lasting_settings(const conf::Server& now, const conf::Server& next) {
  std::vector<std::string> keys;
  if (now.processes != next.processes) keys.emplace_back("server.processes");
  if (now.user != next.user) keys.emplace_back("server.user");
  if (now.sandbox != next.sandbox) keys.emplace_back("server.sandbox");
  if (now.workers != next.workers) keys.emplace_back("server.workers");
  if (now.pid != next.pid) keys.emplace_back("server.pid");
  if (now.control != next.control) keys.emplace_back("server.control");
  return keys;
}

Plan plan(const Generation& now, const Generation& next) {
  Plan plan;
  const Node& before = now.document().root();
  const Node& after = next.document().root();
  const auto name = [](const Node& node) { return node.key(); };
  compare("modules", before.find("modules"), after.find("modules"), plan.changes);
  compare("server", before.find("server"), after.find("server"), plan.changes);
  compare_named("listener", named_tables(before.find("listener"), name_of_listener),
                named_tables(after.find("listener"), name_of_listener), plan.changes);
  compare_named("route", named_tables(before.find("route"), name_of_route),
                named_tables(after.find("route"), name_of_route), plan.changes);
  for (const char* const kind : {"upstream", "filter", "observe", "module"}) {
    compare_named(kind, named_tables(before.find(kind), name), named_tables(after.find(kind), name),
                  plan.changes);
  }
  add_effects(now, next, plan);
  return plan;
}

std::string plan_text(const Plan& plan) {
  std::string text;
  for (const std::string& change : plan.changes) text += change + "\n";
  text += plan.changes.empty() ? "no change\n" : count(plan.changes.size(), "change") + "\n";
  for (const std::string& effect : plan.effects) text += effect + "\n";
  return text;
}

}  // namespace weir
