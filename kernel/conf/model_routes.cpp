// SPDX-License-Identifier: Apache-2.0
#include <weir/module.h>

#include "conf/file.hpp"
#include "conf/kernel_keys.hpp"
#include "conf/model.hpp"
#include "conf/model_reader.hpp"
#include "conf/path_pattern.hpp"
#include "conf/report.hpp"
#include "conf/schema.hpp"
#include "conf/template.hpp"
#include "conf/units.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::conf {

namespace {

constexpr std::string_view title = "[[route]]";

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return text;
}

// One route being read: its table, its keys, and where it goes.
class RouteReader {
 public:
  RouteReader(Reading& reading, const Node& node)
      : reading_(reading), report_(reading.report), node_(node) {}

  void run(FirstPlaces& names) {
    const size_t errors = report_.errors();
    const auto* keys =
        reading_.fill_table<RouteKeys>(route_schema, &node_, std::string{title}, storage_);
    const bool named = keys->name.n > 0;
    out_.name = named ? text_of(keys->name) : node_.place().text();
    reading_.route_list.push_back(out_.name);
    out_.place = node_.place();
    if (named) {
      const Place place = node_.find("name")->place();
      const auto [first, fresh] = names.emplace(out_.name, place);
      if (!fresh) {
        report_.conflict(place, "two routes have the name '" + readable(out_.name) + "'",
                         first->second, "the other one");
      }
    }
    match(*keys);
    out_.sound = report_.errors() == errors;
    out_.has_to = node_.find("to") != nullptr;
    out_.filters = read_uses(reading_, keys->filters, "filters");
    destination(keys->to);
    rest(*keys);
    reading_.model.routes.push_back(std::move(out_));
  }

 private:
  void match(const RouteKeys& keys) {
    each_text(keys.listener, [&](size_t i, std::string text) { listener(i, std::move(text)); });
    each_text(keys.host, [&](size_t i, const std::string& text) { host(i, text); });
    each_text(keys.path, [&](size_t i, const std::string& text) { path(i, text); });
    each_text(keys.method, [&](size_t i, std::string text) { method(i, std::move(text)); });
    out_.headers = conditions(keys.header, "header");
    out_.query = conditions(keys.query, "query");
    out_.cookies = conditions(keys.cookie, "cookie");
    const auto clients = items_of<weir_cidr>(keys.client);
    out_.clients.assign(clients.begin(), clients.end());
  }

  void listener(size_t index, std::string name) {
    if (!reading_.listener_index.contains(name)) {
      report_.unknown_name(item_node(node_, "listener", index).place(), "listener", name,
                           reading_.listener_list);
    } else {
      out_.listeners.push_back(std::move(name));
    }
  }

  void host(size_t index, const std::string& text) {
    if (auto host = parse_host(text, true)) {
      out_.hosts.push_back(std::move(*host));
      return;
    }
    const Node& node = item_node(node_, "host", index);
    std::string hint;
    if (text.find('/') != std::string::npos) {
      hint = "a host only; the path has a key of its own";
    } else if (text == "*") {
      hint = "leave host out to match any";
    } else if (parse_address(text)) {
      hint = "leave the port out";
    }
    report_.error(
        node.place(),
        R"(host: expected a name such as "example.com" or "*.example.com", found )" + node.shown(),
        std::move(hint));
  }

  void path(size_t index, const std::string& text) {
    auto pattern = parse_path_pattern(text);
    if (pattern) {
      out_.paths.push_back(std::move(*pattern));
      return;
    }
    const PatternFlaw& flaw = pattern.error();
    report_.error(item_node(node_, "path", index).inside(flaw.at, flaw.length),
                  "path: " + flaw.message, flaw.hint);
  }

  void method(size_t index, std::string text) {
    const auto small = [](char c) { return c >= 'a' && c <= 'z'; };
    if (!is_token(text) || std::ranges::any_of(text, small)) {
      const Node& node = item_node(node_, "method", index);
      std::string upper = text;
      std::ranges::transform(upper, upper.begin(),
                             [&](char c) { return small(c) ? static_cast<char>(c - 32) : c; });
      report_.error(node.place(),
                    "method: expected a method such as \"GET\", found " + node.shown(),
                    is_token(text) ? "write \"" + upper + "\"" : "");
    }
    out_.methods.push_back(std::move(text));
  }

  std::vector<Condition> conditions(const Node* node, const std::string& what) {
    std::vector<Condition> out;
    if (node == nullptr) return out;
    if (!node->is(Kind::table)) {
      report_.error(node->place(), what + ": expected a table such as { " +
                                       (what == "header" ? "X-Env" : "name") +
                                       " = \"value\" }, found " + node->shown());
      return out;
    }
    for (const Node& each : node->children()) {
      if (auto made = condition(each, what)) out.push_back(std::move(*made));
    }
    return out;
  }

  std::optional<Condition> condition(const Node& node, const std::string& what) {
    Condition out;
    out.name = what == "header" ? lower(node.key()) : node.key();
    out.place = node.key_place();
    if (what != "query" && !is_token(out.name)) {
      report_.error(node.key_place(),
                    what + ": '" + readable(node.key()) + "' is no name of a " + what);
      return {};
    }
    if (node.is(Kind::boolean)) {
      out.test = node.boolean() ? Condition::Test::present : Condition::Test::absent;
      return out;
    }
    out.test = Condition::Test::equals;
    const auto items = node.is(Kind::array) ? node.children() : std::span<const Node>{&node, 1};
    const auto is_text = [](const Node& item) { return item.is(Kind::text); };
    if (items.empty() || !std::ranges::all_of(items, is_text)) {
      report_.error(node.place(),
                    what + "." + readable(node.key()) +
                        ": expected \"value\", true (it is there), false (it is not) or a list "
                        "of values, found " +
                        node.shown());
      return {};
    }
    for (const Node& item : items) out.values.push_back(item.text());
    return out;
  }

  void destination(const Node* to) {
    // Without it a filter may answer; whether one does is known where the modules are.
    if (to == nullptr) return;
    if (to->is(Kind::table)) {
      report_.error(to->place(), "to: sharing traffic by weights needs the module 'split'",
                    "this version has no such module; name one upstream");
    } else if (!to->is(Kind::text)) {
      report_.error(to->place(),
                    "to: expected the name of an upstream or a URL, found " + to->shown());
    } else {
      named_destination(*to);
    }
  }

  void named_destination(const Node& to) {
    const std::string& text = to.text();
    if (const auto found = reading_.upstream_index.find(text);
        found != reading_.upstream_index.end()) {
      out_.upstream = found->second;
    } else if (text.find("://") != std::string::npos || text.starts_with("unix:")) {
      if (auto endpoint = read_url(reading_, to)) {
        out_.upstream = anonymous_upstream(reading_, to, std::move(*endpoint));
      }
    } else if (parse_address(text)) {
      report_.error(to.place(), "unknown upstream '" + readable(text) + "'",
                    "write \"http://" + readable(text) + "\" for an address");
    } else {
      report_.unknown_name(to.place(), "upstream", text, reading_.upstream_list);
    }
  }

  void rest(const RouteKeys& keys) {
    out_.websocket = keys.websocket != 0;
    out_.encoded_slash = keys.encoded_slash != 0;
    out_.serves_always = keys.overload != 0;
    if (node_.find("max_body") != nullptr) out_.max_body = keys.max_body;
    if (keys.timeout.count() != 0) out_.timeout = keys.timeout;
    each_text(keys.trailers, [&](size_t i, std::string text) { trailer(i, std::move(text)); });
  }

  void trailer(size_t index, std::string name) {
    if (!is_token(name)) {
      const Node& node = item_node(node_, "trailers", index);
      report_.error(node.place(), "trailers: expected a field name, found " + node.shown());
    }
    out_.trailers.push_back(lower(std::move(name)));
  }

  Reading& reading_;
  Report& report_;
  const Node& node_;
  Storage storage_;
  Route out_;
};

}  // namespace

void read_routes(Reading& reading) {
  FirstPlaces names;
  for (const Node& node : tables_of(reading, "route")) RouteReader{reading, node}.run(names);
  // A listener whose own filters end in a handler needs no route.
  const auto& listeners = reading.model.listeners;
  const bool all_filter =
      !listeners.empty() &&
      std::ranges::all_of(listeners, [](const auto& each) { return !each.filters.empty(); });
  if (reading.document.root().find("route") == nullptr && !all_filter) {
    reading.report.error({&reading.document.main(), 0, 0, 0}, "there is no route",
                         "add a [[route]] with to = \"http://HOST:PORT\"");
  }
}

}  // namespace weir::conf
