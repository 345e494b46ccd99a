// SPDX-License-Identifier: Apache-2.0
//
// round_robin: sends requests to the endpoints in turn, by weight. The manual is README.md.
#include <weir/module.hpp>

#include "rotation.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

std::vector<uint32_t> weights_of(weir::Endpoints endpoints) {
  std::vector<uint32_t> weights;
  weights.reserve(endpoints.size());
  for (const weir_endpoint& endpoint : endpoints) weights.push_back(endpoint.weight);
  return weights;
}

class RoundRobin {
 public:
  static constexpr auto name = "round_robin";
  static constexpr auto doc = "Sends requests to the endpoints in turn, by weight.";
  static constexpr auto kind = weir::Kind::balancer;

  struct Table {
    explicit Table(weir::Endpoints endpoints) : rotation(weights_of(endpoints)) {}
    size_t state_size() const { return rotation.state_size(); }
    round_robin::Rotation rotation;
  };

  int32_t pick(weir::Pick pick, const Table& table) const {
    return table.rotation.pick(pick.state<int64_t>(), pick);
  }
};

}  // namespace

WEIR_MODULE("round_robin", "1.0", "Apache-2.0", RoundRobin)
