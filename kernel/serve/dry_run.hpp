// SPDX-License-Identifier: Apache-2.0
//
// What would become of a request: the real reader, filters, routes and handlers run, and stop where
// an endpoint would be asked. Nothing is sent anywhere.
//
// For `weir explain` and the [[test]] tables of a file. What a filter says of its doing is asked
// for right before it does it, and routes are judged as they were when the route was looked for,
// before the route's own filters rewrote the path.
//
// Thread: control.
#pragma once

#include "chain/relief.hpp"
#include "host/host.hpp"
#include "serve/loop_site.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir {

struct DryRequest {
  std::string method;
  std::string target;     // "/path?query"
  std::string authority;  // host[:port]
  std::vector<std::pair<std::string, std::string>> headers;
  weir_address client{};
  size_t listener = 0;  // index in the model
};

struct DryFilter {
  std::string name;  // of the instance
  std::string component;
  std::string says;  // its explanation; empty: it has none
};

struct DryResult {
  uint32_t status = 0;  // 0: the endpoint's to say, or not known yet
  std::string reason;   // why it was answered here
  std::vector<std::pair<std::string, std::string>> fields;  // of that answer
  std::vector<DryFilter> filters;                           // that were entered, in order
  DryFilter handler;              // likewise; its name is empty: there was none
  std::string arrived;            // the canonical path of the request
  std::string routed;             // the path that the route was looked for with; empty: it was not
  std::string path, query, host;  // as they would be sent on
  size_t route = no_route;
  bool waits = false;              // a filter or the handler waits for something outside
  std::vector<RouteTrial> trials;  // where no route was looked for: what would have become of it

  static constexpr size_t no_route = static_cast<size_t>(-1);
};

class DryRun {
 public:
  DryRun(std::shared_ptr<Generation> generation, Names& names);
  ~DryRun();
  DryRun(const DryRun&) = delete;
  DryRun& operator=(const DryRun&) = delete;

  DryResult run(const DryRequest& request);

 private:
  std::shared_ptr<Generation> generation_;
  Names& names_;
  Loop loop_;
  BodyPool bodies_;
  Handles handles_;
  HttpDate date_;
  Relief relief_{bodies_.held()};
  Tasks tasks_;
  HostThread thread_;
  HostThread* former_;  // whose place this one takes meanwhile; nullptr: nobody's
  std::unique_ptr<LoopSite> site_;
};

}  // namespace weir
