// SPDX-License-Identifier: Apache-2.0
#include "conf/file.hpp"
#include "conf/kernel_keys.hpp"
#include "conf/limits.hpp"
#include "conf/model.hpp"
#include "conf/model_reader.hpp"
#include "conf/report.hpp"
#include "conf/schema.hpp"
#include "conf/units.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace weir::conf {

namespace {

constexpr std::string_view address_forms =
    R"(an address such as "10.0.0.1:80", "app:80", "[::1]:80" or "unix:/run/app.sock")";

bool only_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

void add_endpoint(Reading& reading, Upstream& upstream, const Node& node, Endpoint given) {
  const std::string& text = given.written;
  const auto address = parse_address(text);
  if (address && (address->is_unix() || (!address->host.empty() && address->port != 0))) {
    given.address = *address;
    given.place = node.place();
    upstream.endpoints.push_back(std::move(given));
    return;
  }
  std::string hint;
  if (text.starts_with("http://")) {
    hint = "leave out http:// and what follows the port";
  } else if (parse_address(text + ":80") || parse_ip(text)) {
    hint = "which port?";
  }
  reading.report.error(
      node.place(), "endpoints: expected " + std::string{address_forms} + ", found " + node.shown(),
      std::move(hint));
}

void read_endpoint(Reading& reading, Upstream& upstream, const Node& node) {
  if (node.is(Kind::text)) {
    add_endpoint(reading, upstream, node, {{}, node.text(), 1, {}});
    return;
  }
  if (!node.is(Kind::table)) {
    reading.report.error(node.place(), "endpoints: expected " + std::string{address_forms} +
                                           ", found " + node.shown());
    return;
  }
  Storage storage;
  const auto* keys =
      reading.fill_table<EndpointKeys>(endpoint_schema, &node, "an endpoint", storage);
  if (keys->address.p != nullptr) {
    add_endpoint(reading, upstream, *node.find("address"),
                 {{}, text_of(keys->address), static_cast<uint32_t>(keys->weight), {}});
  }
}

void read_endpoints(Reading& reading, Upstream& upstream, const Node& node,
                    const std::string& title) {
  const auto items = node.is(Kind::array) ? node.children() : std::span<const Node>{&node, 1};
  if (items.empty()) {
    reading.report.error(node.place(), title + " has no endpoints", "add at least one");
  }
  for (const Node& item : items) read_endpoint(reading, upstream, item);
}

void read_host_policy(Reading& reading, Upstream& upstream, const Node& node) {
  const std::string& text = node.text();
  if (text == "preserve") {
    upstream.host = Upstream::Host::preserve;
  } else if (text == "endpoint") {
    upstream.host = Upstream::Host::endpoint;
  } else if (parse_host(text.substr(0, text.rfind(':')), false) || parse_host(text, false)) {
    upstream.host = Upstream::Host::fixed;
    upstream.fixed_host = text;
  } else {
    reading.report.error(
        node.place(),
        R"(host: expected "preserve", "endpoint" or a host name, found )" + node.shown());
  }
}

void read_upstream(Reading& reading, const Node& node) {
  const std::string title = "[upstream." + readable(node.key()) + "]";
  reading.upstream_index.emplace(node.key(), reading.model.upstreams.size());
  reading.upstream_list.push_back(node.key());
  Upstream& upstream = reading.model.upstreams.emplace_back();
  Storage storage;
  const auto* keys = reading.fill_table<UpstreamKeys>(upstream_schema, &node, title, storage, true);
  upstream = upstream_of(reading, *keys);
  upstream.transports = read_transports(reading, node, upstream_schema, title);
  if (keys->endpoints != nullptr) read_endpoints(reading, upstream, *keys->endpoints, title);
  const Node* host = node.find("host");
  if (host != nullptr && host->is(Kind::text)) read_host_policy(reading, upstream, *host);
  if (keys->balancer != nullptr) {
    upstream.balancer = read_use(reading, *keys->balancer, "balancer");
  } else if (upstream.endpoints.size() > 1) {
    upstream.balancer = Use{"round_robin", nullptr, keys->endpoints->key_place()};
  }
  upstream.name = node.key();
  upstream.place = node.key_place();
}

// The address of a listener; two listeners cannot share one.
void read_listener_address(Reading& reading, Listener& out, const Node& node,
                           FirstPlaces& addresses) {
  const auto address = parse_address(out.written);
  if (address && (address->is_unix() || address->host.empty() || parse_ip(address->host))) {
    out.address = *address;
    const auto [first, fresh] = addresses.emplace(format_address(*address), node.place());
    if (!fresh && address->port != 0) {
      reading.report.conflict(node.place(),
                              "two listeners have the address " + readable(out.written),
                              first->second, "the other one");
    }
    return;
  }
  std::string hint;
  if (only_digits(out.written)) hint = "write \":" + out.written + "\"";
  if (address && address->host == "localhost") {
    hint = "write \"127.0.0.1:" + std::to_string(address->port) + "\"";
  }
  reading.report.error(node.place(),
                       "address: expected an address such as \":8080\", \"127.0.0.1:80\", "
                       "\"[::1]:80\" or \"unix:/run/weir.sock\", found " +
                           node.shown(),
                       std::move(hint));
}

void read_listener(Reading& reading, const Node& node, FirstPlaces& addresses, FirstPlaces& names) {
  Storage storage;
  const auto* keys =
      reading.fill_table<ListenerKeys>(listener_schema, &node, "[[listener]]", storage, true);
  Listener out;
  out.written = text_of(keys->address);
  out.name = keys->name.n > 0 ? text_of(keys->name) : out.written;
  out.place = node.place();
  if (keys->address.p != nullptr) {
    out.place = node.find("address")->place();
    read_listener_address(reading, out, *node.find("address"), addresses);
  }
  const auto [first, fresh] = names.emplace(out.name, out.place);
  if (!fresh && keys->name.n > 0) {
    reading.report.conflict(node.find("name")->place(),
                            "two listeners have the name '" + readable(out.name) + "'",
                            first->second, "the other one");
  }
  out.filters = read_uses(reading, keys->filters, "filters");
  out.transports = read_transports(reading, node, listener_schema, "[[listener]]");
  if (!out.name.empty()) reading.listener_list.push_back(out.name);
  reading.listener_index.emplace(out.name, reading.model.listeners.size());
  reading.model.listeners.push_back(std::move(out));
}

}  // namespace

Upstream upstream_of(Reading& reading, const UpstreamKeys& keys) {
  const Timeouts& timeouts = reading.model.server.timeouts;
  const auto either = [](Duration own, Duration general) {
    return own.count() != 0 ? own : general;
  };
  Upstream out;
  out.connect = either(keys.timeout.connect, timeouts.connect);
  out.first_byte = either(keys.timeout.first_byte, timeouts.first_byte);
  out.read = either(keys.timeout.read, timeouts.read);
  out.max_idle = static_cast<size_t>(keys.max_idle);
  out.idle_timeout = keys.idle_timeout;
  out.max_requests = static_cast<uint64_t>(keys.max_requests);
  return out;
}

void read_upstreams(Reading& reading) {
  const Node* tables = reading.document.root().find("upstream");
  if (tables == nullptr) return;
  if (!tables->is(Kind::table)) {
    reading.report.error(tables->key_place(), "'upstream' is a table of tables",
                         "write [upstream.NAME]");
    return;
  }
  for (const Node& node : tables->children()) {
    if (node.is(Kind::table)) {
      read_upstream(reading, node);
    } else {
      reading.report.error(node.key_place(), "[upstream] holds tables, one for each upstream",
                           "write [upstream.NAME] above its keys");
    }
  }
}

void read_listeners(Reading& reading) {
  const auto tables = tables_of(reading, "listener");
  FirstPlaces addresses, names;
  for (const Node& node : tables) read_listener(reading, node, addresses, names);
  if (reading.document.root().find("listener") == nullptr) {
    reading.report.error({&reading.document.main(), 0, 0, 0}, "nothing listens",
                         "add a [[listener]] with address = \":8080\"");
  }
}

}  // namespace weir::conf
