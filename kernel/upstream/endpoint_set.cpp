// SPDX-License-Identifier: Apache-2.0
#include "upstream/endpoint_set.hpp"

#include <weir/module.h>

#include "crash/mark.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace weir {

EndpointSet::EndpointSet(std::vector<Endpoint> endpoints, Balancer balancer)
    : endpoints_(std::move(endpoints)),
      in_flight_(std::make_unique<std::atomic<uint32_t>[]>(endpoints_.size())),
      balancer_(balancer) {
  if (balancer_.ops == nullptr || endpoints_.empty()) return;
  std::vector<weir_endpoint> views;
  views.reserve(endpoints_.size());
  for (const Endpoint& endpoint : endpoints_) {
    views.push_back({{endpoint.text.data(), endpoint.text.size()}, endpoint.weight, 0});
  }
  table_ = call_module({balancer_.callee, "build"}, nullptr, balancer_.ops->build,
                       balancer_.instance, views.data(), views.size());
  if (table_ != nullptr && WEIR_HAS(weir_balancer, balancer_.ops, state_size)) {
    state_size_ = call_module({balancer_.callee, "build"}, 0, balancer_.ops->state_size, table_);
  }
}

EndpointSet::~EndpointSet() {
  if (table_ != nullptr && WEIR_HAS(weir_balancer, balancer_.ops, drop)) {
    call_module({balancer_.callee, "drop"}, balancer_.ops->drop, table_);
  }
}

}  // namespace weir
