// SPDX-License-Identifier: Apache-2.0
//
// What the readers of the kernel's tables share: the model being made, and small readings.
//
// Each read_* function takes one noun of the file; read_model calls them in the order in which they
// refer to one another.
//
// Thread: the control thread.
#pragma once

#include "conf/kernel_keys.hpp"
#include "conf/model.hpp"

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::conf {

// A name that must be there once, and where it was first.
using FirstPlaces = std::map<std::string, Place, std::less<>>;

struct Reading {
  const Document& document;
  Report& report;
  Model model{};
  std::map<std::string, size_t> anonymous{};  // upstreams made from URLs, by their name
  std::optional<Upstream> bare{};             // what these begin as
  std::map<std::string, size_t> upstream_index{};
  std::map<std::string, size_t> listener_index{};
  std::vector<std::string> upstream_list{}, listener_list{}, route_list{};

  // Fills a kernel struct from `table`; what is wrong is reported and zero, so that the rest of the
  // table can be looked at in the same run.
  template <class T>
  const T* fill_table(const weir_schema& schema, const Node* table, std::string title,
                      Storage& storage, bool open = false) {
    Input input;
    input.table = table;
    input.title = std::move(title);
    input.open = open;
    return static_cast<const T*>(fill_anyway(schema, input, storage, report, intern).conf);
  }

  // Kernel tables need no ids: names of fields are kept as text.
  const Intern intern = [next = uint32_t{WEIR_INTERNED}](std::string_view) mutable {
    return next++;
  };
};

void read_server(Reading& reading);
void read_modules(Reading& reading);
void read_listeners(Reading& reading);
void read_upstreams(Reading& reading);
void read_instances(Reading& reading);
void read_routes(Reading& reading);
void read_tests(Reading& reading);

std::string text_of(weir_str text);

template <class T>
std::span<const T> items_of(const weir_list& list) {
  return {static_cast<const T*>(list.items), list.n};
}

// Calls `take(index, text)` for the texts of a list; those that were no texts are left out.
template <class F>
void each_text(const weir_list& list, F take) {
  const auto items = items_of<weir_str>(list);
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i].p != nullptr) take(i, text_of(items[i]));
  }
}
std::vector<std::string> texts_of(const weir_list& list);

// The i-th written value of a list key, or the value itself where one stands for a list of one.
const Node& item_node(const Node& table, std::string_view key, size_t index);

// The tables of a [[name]]; reports what is no such list.
std::span<const Node> tables_of(Reading& reading, std::string_view name);

// "name" or { name = { keys } }; nullopt after a report.
std::optional<Use> read_use(Reading& reading, const Node& node, std::string_view what);
std::vector<Use> read_uses(Reading& reading, const Node* node, std::string_view what);

// The keys of a listener or an upstream that are not the kernel's: NAME = { keys }, or true or
// false. What cannot be one is reported; whether the others are is for who has the modules to say.
std::vector<Use> read_transports(Reading& reading, const Node& table, const weir_schema& schema,
                                 const std::string& title);

// "http://host:port", "https://host:port" or "unix:/path" as one endpoint; nullopt after a report.
std::optional<Endpoint> read_url(Reading& reading, const Node& node);

// All but name, endpoints and balancer.
Upstream upstream_of(Reading& reading, const UpstreamKeys& keys);

// An upstream with one endpoint and nothing else set; routes with the same URL share it.
size_t anonymous_upstream(Reading& reading, const Node& url, Endpoint endpoint);

// Lower case, without a final dot; nullopt: no host name, no IP address, no *.name where allowed.
std::optional<HostPattern> parse_host(std::string_view text, bool wildcard_allowed);

}  // namespace weir::conf
