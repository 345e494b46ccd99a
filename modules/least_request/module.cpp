// SPDX-License-Identifier: Apache-2.0
//
// least_request: sends each request to the endpoint with least to do. The manual is README.md.
#include <weir/module.hpp>

#include "choice.hpp"

#include <cstdint>
#include <vector>

namespace {

std::vector<uint32_t> weights_of(weir::Endpoints endpoints) {
  std::vector<uint32_t> weights;
  weights.reserve(endpoints.size());
  for (const weir_endpoint& endpoint : endpoints) weights.push_back(endpoint.weight);
  return weights;
}

class LeastRequest {
 public:
  static constexpr auto name = "least_request";
  static constexpr auto doc = "Sends each request to the endpoint with least to do, by weight.";
  static constexpr auto kind = weir::Kind::balancer;

  struct Conf {
    int64_t choices;
  };
  static constexpr weir_key keys[] = {
      WEIR_KEY_RANGE(Conf, choices, "0",
                     "How many endpoints, drawn at random, are compared; 0: all of them.", 0, 0,
                     least_request::Choice::most_drawn),
  };

  struct Table {
    Table(weir::Endpoints endpoints, const Conf& conf)
        : choice(weights_of(endpoints), static_cast<uint32_t>(conf.choices)) {}
    least_request::Choice choice;
  };

  int32_t pick(weir::Pick pick, const Table& table) const { return table.choice.pick(pick); }
};

}  // namespace

WEIR_MODULE("least_request", "1.0", "Apache-2.0", LeastRequest)
