// SPDX-License-Identifier: Apache-2.0
#include <weir/module.h>

#include "conf/file.hpp"
#include "conf/kernel_keys.hpp"
#include "conf/model.hpp"
#include "conf/model_reader.hpp"
#include "conf/report.hpp"
#include "conf/schema.hpp"
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

constexpr std::string_view http_prefix = "http://";
constexpr std::string_view https_prefix = "https://";

void lower(std::string& name) {
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
}

bool is_label_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  if (name.starts_with('[')) {
    const auto address =
        name.ends_with(']') ? parse_ip(name.substr(1, name.size() - 2)) : std::nullopt;
    return address && address->family == 6;
  }
  bool dot = true;  // as if one stood before: labels are not empty
  for (const char c : name) {
    if (c == '.' ? dot : !is_label_byte(c)) return false;
    dot = c == '.';
  }
  return !dot;
}

// "host:port", "[::1]:80", and the same without a port.
std::optional<Address> parse_authority(std::string_view text, std::string_view port) {
  auto address = parse_address(text);
  if (!address) address = parse_address(std::string{text}.append(port));
  if (!address || address->is_unix() || address->host.empty() || address->port == 0) return {};
  return address;
}

// What an [upstream] has where nothing but its endpoints is written.
Upstream bare_upstream(Reading& reading) {
  Report unread;
  Storage storage;
  const auto document = load_text("presets", "endpoints = []", unread);
  const Node* table = document ? &document->root() : nullptr;
  const auto* keys =
      reading.fill_table<UpstreamKeys>(upstream_schema, table, "[upstream]", storage);
  return upstream_of(reading, *keys);
}

}  // namespace

std::string text_of(weir_str text) {
  return text.p == nullptr ? std::string{} : std::string{text.p, text.n};
}

std::vector<std::string> texts_of(const weir_list& list) {
  std::vector<std::string> out;
  each_text(list, [&](size_t, std::string text) { out.push_back(std::move(text)); });
  return out;
}

const Node& item_node(const Node& table, std::string_view key, size_t index) {
  const Node& node = *table.find(key);
  return node.is(Kind::array) ? node.children()[index] : node;
}

std::span<const Node> tables_of(Reading& reading, std::string_view name) {
  const Node* list = reading.document.root().find(name);
  if (list == nullptr) return {};
  const auto is_table = [](const Node& node) { return node.is(Kind::table); };
  const bool good = list->is(Kind::array) &&
                    std::all_of(list->children().begin(), list->children().end(), is_table);
  if (good) return list->children();
  reading.report.error(list->key_place(), "'" + std::string{name} + "' is a list of tables",
                       "write [[" + std::string{name} + "]]");
  return {};
}

std::optional<Use> read_use(Reading& reading, const Node& node, std::string_view what) {
  const std::string label{what};
  if (node.is(Kind::text) && !node.text().empty()) return Use{node.text(), nullptr, node.place()};
  if (!node.is(Kind::table) || node.children().empty()) {
    reading.report.error(
        node.place(), label + ": expected \"name\" or { name = { keys } }, found " + node.shown());
    return {};
  }
  if (node.children().size() > 1) {
    reading.report.error(
        node.place(),
        label + ": one name in a table, found " + std::to_string(node.children().size()),
        what == "filters" ? "write [{ a = { ... } }, { b = { ... } }]" : "");
    return {};
  }
  const Node& keys = node.children().front();
  if (!keys.is(Kind::table)) {
    reading.report.error(keys.place(),
                         label + ": expected the keys of '" + readable(keys.key()) +
                             "' as a table, found " + keys.shown(),
                         "write { " + readable(keys.key()) + " = { key = value } }");
    return {};
  }
  return Use{keys.key(), &keys, keys.key_place()};
}

std::vector<Use> read_uses(Reading& reading, const Node* node, std::string_view what) {
  std::vector<Use> out;
  if (node == nullptr) return out;
  const auto items = node->is(Kind::array) ? node->children() : std::span<const Node>{node, 1};
  for (const Node& item : items) {
    if (auto use = read_use(reading, item, what)) out.push_back(std::move(*use));
  }
  return out;
}

std::vector<Use> read_transports(Reading& reading, const Node& table, const weir_schema& schema,
                                 const std::string& title) {
  std::vector<Use> out;
  const Keys keys{schema};
  const auto is_listed = [&](const std::string& module) {
    return std::ranges::any_of(reading.model.modules,
                               [&](const ModuleEntry& entry) { return entry.name == module; });
  };
  for (const Node& child : table.children()) {
    if (keys.find(child.key())) continue;
    const bool is_table = child.is(Kind::table);
    if (!is_table && !child.is(Kind::boolean) && !is_listed(child.key())) {
      reading.report.error(child.key_place(),
                           "unknown key '" + readable(child.key()) + "' in " + title,
                           suggestion(child.key(), keys.names()));
      continue;
    }
    out.push_back(
        {child.key(), is_table ? &child : nullptr, child.key_place(), is_table ? nullptr : &child});
  }
  return out;
}

std::optional<Endpoint> read_url(Reading& reading, const Node& node) {
  const std::string& text = node.text();
  const auto wrong = [&](std::string message, std::string hint) {
    reading.report.error(node.place(), "to: " + std::move(message), std::move(hint));
    return std::nullopt;
  };
  if (text.starts_with("unix:")) {
    const auto address = parse_address(text);
    if (!address) return wrong("expected \"unix:/path\", found " + node.shown(), "");
    return Endpoint{*address, text, 1, node.place()};
  }
  const bool secure = text.starts_with(https_prefix);
  if (!secure && !text.starts_with(http_prefix)) {
    return wrong(
        "expected the name of an upstream or a URL such as \"http://127.0.0.1:9001\", found " +
            node.shown(),
        "");
  }
  const std::string_view prefix = secure ? https_prefix : http_prefix;
  std::string_view authority = std::string_view{text}.substr(prefix.size());
  if (authority.ends_with('/')) authority.remove_suffix(1);
  if (authority.find_first_of("/?#") != std::string_view::npos) {
    return wrong("a URL ends behind host and port here, found " + node.shown(),
                 "the filter 'rewrite' changes paths");
  }
  const auto address = parse_authority(authority, secure ? ":443" : ":80");
  if (!address) {
    return wrong("expected a URL such as \"http://127.0.0.1:9001\", found " + node.shown(), "");
  }
  return Endpoint{*address, format_address(*address), 1, node.place()};
}

size_t anonymous_upstream(Reading& reading, const Node& url, Endpoint endpoint) {
  const bool secure = url.text().starts_with(https_prefix);
  const std::string_view prefix = secure ? https_prefix : http_prefix;
  std::string name =
      endpoint.address.is_unix() ? endpoint.written : std::string{prefix} + endpoint.written;
  const auto [found, fresh] = reading.anonymous.emplace(name, reading.model.upstreams.size());
  if (!fresh) return found->second;
  if (!reading.bare) reading.bare = bare_upstream(reading);
  Upstream out = *reading.bare;
  out.name = std::move(name);
  if (secure) out.transports.push_back({"tls", nullptr, url.place(), nullptr});
  out.place = endpoint.place;
  out.endpoints.push_back(std::move(endpoint));
  reading.model.upstreams.push_back(std::move(out));
  return found->second;
}

// Of a fixed Host the endpoints are one service; else each is what it was written as.
std::string Upstream::server_name(const Endpoint& endpoint) const {
  std::string own = endpoint.address.host;
  if (host == Host::fixed) {
    const auto authority = parse_authority(fixed_host, ":443");
    own = authority ? authority->host : fixed_host;
  }
  lower(own);
  return own;
}

std::optional<HostPattern> parse_host(std::string_view text, bool wildcard_allowed) {
  HostPattern out;
  out.wildcard = wildcard_allowed && text.starts_with("*.");
  if (out.wildcard) text.remove_prefix(2);
  if (text.ends_with('.')) text.remove_suffix(1);
  out.name = text;
  lower(out.name);
  if (!is_host_name(out.name) || (out.wildcard && out.name.starts_with('['))) return {};
  return out;
}

}  // namespace weir::conf
