// SPDX-License-Identifier: Apache-2.0
//
// The endpoints of an upstream at one moment, with the balancer's table over them.
//
// Immutable but for the counters, shared by all loops; a change of addresses is a new set. The
// table belongs to a module and is dropped on the control thread, so the last owner of a set must
// be there (Upstream sees to it).
//
// Thread: read by any; built and destroyed on control.
#pragma once

#include <weir/module.h>

#include "crash/mark.hpp"
#include "net/address.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace weir {

// A configured balancer; ops == nullptr: there is at most one endpoint to choose.
struct Balancer {
  const weir_balancer* ops = nullptr;
  void* instance = nullptr;
  const Callee* callee = nullptr;

  bool operator==(const Balancer&) const = default;
};

struct Endpoint {
  Address address;
  std::string text;  // as resolved: "10.0.0.1:80"
  uint32_t weight = 1;
  std::string name{};  // that it is to prove where it is asked to; without port
  uint64_t id = 0;     // given by the upstream; the same in the next set that has this text
};

class EndpointSet {
 public:
  EndpointSet(std::vector<Endpoint> endpoints, Balancer balancer);
  ~EndpointSet();
  EndpointSet(const EndpointSet&) = delete;
  EndpointSet& operator=(const EndpointSet&) = delete;

  size_t size() const { return endpoints_.size(); }
  const Endpoint& operator[](size_t index) const { return endpoints_[index]; }
  const Balancer& balancer() const { return balancer_; }
  const void* table() const { return table_; }
  size_t state_size() const { return state_size_; }

  // Exchanges at each endpoint over all loops. The ABI reads them as plain numbers.
  std::atomic<uint32_t>& in_flight(size_t index) const { return in_flight_[index]; }
  const uint32_t* in_flight() const {
    static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));
    return reinterpret_cast<const uint32_t*>(in_flight_.get());
  }

 private:
  std::vector<Endpoint> endpoints_;
  std::unique_ptr<std::atomic<uint32_t>[]> in_flight_;
  Balancer balancer_;
  void* table_ = nullptr;
  size_t state_size_ = 0;
};

}  // namespace weir
