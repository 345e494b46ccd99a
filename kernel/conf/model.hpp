// SPDX-License-Identifier: Apache-2.0
//
// The kernel's view of a configuration: listeners, routes, upstreams and the instances of modules.
//
// What needs no module is checked here to the last letter. What does (does component X exist, are
// its keys right) is left to whoever has the modules; for that each use keeps its Node and Place.
// A Model borrows from its Document: keep the two together.
//
// Thread: any; immutable once read.
#pragma once

#include <weir/module.h>

#include "conf/file.hpp"
#include "conf/limits.hpp"
#include "conf/path_pattern.hpp"
#include "conf/report.hpp"
#include "conf/schema.hpp"
#include "conf/units.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::conf {

constexpr size_t no_upstream = static_cast<size_t>(-1);

// A module's component in a list: "name" or { name = { keys } }.
struct Use {
  std::string name;
  const Node* keys = nullptr;   // what is written behind the name; nullptr: nothing
  Place place;                  // of the name
  const Node* value = nullptr;  // of a transport: what is written in place of keys
};

struct Log {
  uint32_t level = WEIR_NOTICE;  // WEIR_TRACE to WEIR_ERR
  std::string file;              // absolute; empty: standard error
  bool json = false;
};

struct Server {
  size_t processes = 1;  // of workers
  size_t workers = 0;    // loops of each; 0: as many as CPUs
  std::string user;      // that worker processes become; empty: they stay who they are
  bool sandbox = true;
  std::string pid;      // absolute path; empty: none is written
  std::string control;  // absolute path of a Unix socket; empty: none
  std::vector<weir_cidr> trusted_proxies;
  Log log;
  Duration drain{};
  Duration notice{};  // before a drain
  Limits limits;
  Timeouts timeouts;
  Place place;
};

struct Listener {
  std::string name;     // as given, else the address
  std::string written;  // the address as in the file
  Address address;
  std::vector<Use> filters;
  std::vector<Use> transports;  // in the order of the file
  Place place;
};

struct HostPattern {
  std::string name;       // lower case; of "*.example.com": "example.com"
  bool wildcard = false;  // matches what has at least one label more
  std::string text() const { return wildcard ? "*." + name : name; }
};

// Of a header, a query parameter or a cookie.
struct Condition {
  enum class Test : uint8_t { present, absent, equals };
  std::string name;  // a header's in lower case
  Test test = Test::present;
  std::vector<std::string> values;  // equals: any of these
  Place place;
};

struct Route {
  std::string name;                    // as given, else "weir.toml:12"
  std::vector<std::string> listeners;  // names; empty: all
  std::vector<HostPattern> hosts;      // empty: all
  std::vector<PathPattern> paths;      // empty: all
  std::vector<std::string> methods;    // empty: all
  std::vector<Condition> headers, query, cookies;
  std::vector<weir_cidr> clients;  // empty: all
  std::vector<Use> filters;
  size_t upstream = no_upstream;  // index in Model::upstreams; if none, a filter has to answer
  bool websocket = true;
  std::vector<std::string> trailers;  // field names in lower case that may pass
  bool encoded_slash = false;         // %2F in a path is let through, undecoded
  bool serves_always = false;         // overloaded or not
  std::optional<uint64_t> max_body;
  std::optional<Duration> timeout;  // until the first byte of the response
  bool has_to = false;              // `to` is written, be it right or wrong
  bool sound = true;  // false: what it matches was reported, so it is no measure for other routes
  Place place;
};

struct Endpoint {
  Address address;
  std::string written;
  uint32_t weight = 1;
  Place place;
};

struct Upstream {
  enum class Host : uint8_t { preserve, endpoint, fixed };
  std::string name;  // of an anonymous one: the URL
  std::vector<Endpoint> endpoints;
  std::optional<Use> balancer;  // given, or round_robin where there are several endpoints
  Host host = Host::preserve;
  std::string fixed_host;
  Duration connect{}, first_byte{}, read{};  // effective
  size_t max_idle = 0;                       // connections kept, per worker
  Duration idle_timeout{};
  uint64_t max_requests = 0;    // of one connection; 0: no bound
  std::vector<Use> transports;  // in the order of the file
  Place place;

  // What an endpoint of it is to prove to be, where it is asked to: without port.
  std::string server_name(const Endpoint& endpoint) const;
};

enum class OnFault : uint8_t { standard, closed, open };

// Kernel keys of every instance.
struct InstanceKeys {
  std::string use;
  OnFault on_fault = OnFault::standard;  // closed for WEIR_SECURITY, open for the rest
  Duration wait_timeout{};
};

struct Instance {
  std::string name;       // of the table
  std::string component;  // `use`, or the name
  InstanceKeys keys;
  const Node* table = nullptr;
  Place place;
};

struct ModuleEntry {
  std::string name;
  std::string path;    // absolute; empty: NAME.so in the module folder
  std::string sha256;  // 64 hex digits in lower case; empty: not pinned
  Place place;
};

// What a [[test]] expects; absent members are not looked at.
struct Expectation {
  std::optional<std::string> listener, route, upstream, path, host;
  std::optional<uint32_t> status;
  std::optional<std::vector<std::string>> filters;
  Place place;
};

struct Test {
  std::string method;
  std::string url;                // as written
  std::string scheme;             // "http" or "https"
  std::string authority, target;  // target begins with "/"
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<weir_address> from;
  std::string listener;  // name; empty: the only one that fits
  Expectation expect;
  Place place;
};

struct Model {
  Server server;
  std::vector<ModuleEntry> modules;
  Place modules_place;  // of the `modules` key; nowhere: it is not written
  std::vector<Listener> listeners;
  std::vector<Route> routes;
  std::vector<Upstream> upstreams;  // named ones first
  std::vector<Instance> filters;    // [filter.NAME]
  std::vector<Instance> observers;  // [observe.NAME]
  std::vector<Test> tests;
};

// A model is returned even when the report got errors, so that modules can be checked in the same
// run; nullopt only when nothing could be made of the file.
std::optional<Model> read_model(const Document& document, Report& report);

// Kernel keys in the table of an instance, wherever it is written; fill such a table with
// `besides = &instance_schema()`.
InstanceKeys read_instance_keys(const Node* table, Report& report);
const weir_schema& instance_schema();

// Reports that a component is used whose module is not listed, and says which line to edit:
// `filter 'cache' needs the module` ... add "cache" to modules at weir.toml:1.
void report_unlisted(const Model& model, std::string_view kind, const Use& use,
                     std::string_view module, Report& report);

// The kernel's own tables, for manuals and the effective configuration.
struct KernelTable {
  const char* title;  // "[server]"
  const char* doc;
  const weir_schema* schema;
};
std::vector<KernelTable> kernel_tables();

}  // namespace weir::conf
