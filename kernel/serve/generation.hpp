// SPDX-License-Identifier: Apache-2.0
//
// Everything that one state of the configuration consists of: modules' instances, chains, routes
// and upstreams. Immutable once built; a reload builds the next one beside it.
//
// Thread: built and destroyed on control, read by all loops.
#pragma once

#include "conf/model.hpp"
#include "serve/instances.hpp"
#include "serve/router.hpp"
#include "upstream/upstream.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct Chain {
  std::vector<InstanceUse> filters;
  InstanceUse handler;  // instance == nullptr: none
};

class Generation {
 public:
  // Reads, loads and configures; all that is wrong is in the report, and with errors there the
  // generation must not serve. nullptr: there is nothing to look at. What does not differ from
  // `previous` (nullptr: there is none) is kept: instances and upstreams belong to both then.
  static std::unique_ptr<Generation> build(conf::Document document, Images& images, Names& names,
                                           conf::Report& report, const Generation* previous);

  // 1 is what the process began with.
  uint64_t number() const { return number_; }

  const conf::Document& document() const { return document_; }
  const conf::Model& model() const { return model_; }
  const Registry& registry() const { return registry_; }
  Instances& instances() { return *instances_; }
  const Instances& instances() const { return *instances_; }
  const Router& router() const { return router_; }
  const std::vector<std::shared_ptr<Upstream>>& upstreams() const { return upstreams_; }
  const Chain& listener_chain(size_t listener) const { return listener_chains_[listener]; }
  const Chain& route_chain(size_t route) const { return route_chains_[route]; }
  // The nearest to the socket first.
  const std::vector<InstanceUse>& listener_transports(size_t listener) const {
    return listener_transports_[listener];
  }
  const std::vector<InstanceUse>& upstream_transports(size_t upstream) const {
    return upstream_transports_[upstream];
  }

 private:
  Generation(conf::Document document, conf::Model model, Images& images);

  void load_modules(conf::Report& report);
  Chain make_chain(const std::vector<conf::Use>& uses, conf::Report& report);
  void make_chains(conf::Report& report);
  void make_upstreams(const Generation* previous);
  void make_router(Names& names, conf::Report& report);

  uint64_t number_ = 1;
  conf::Document document_;
  conf::Model model_;
  Registry registry_;
  std::unique_ptr<Instances> instances_;
  std::vector<std::shared_ptr<Upstream>> upstreams_;
  std::vector<Chain> listener_chains_, route_chains_;
  std::vector<std::vector<InstanceUse>> listener_transports_, upstream_transports_;
  Router router_;
};

}  // namespace weir
