// SPDX-License-Identifier: Apache-2.0
#include "serve/client_counts.hpp"

#include <weir/module.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>

namespace weir {
namespace {

// The finisher of splitmix64 (Steele, Lea, Flood 2014).
uint64_t mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

}  // namespace

ClientCounts::Cells ClientCounts::cells_of(const weir_address& client) const {
  uint64_t network = 0;
  uint64_t host = 0;
  std::memcpy(&network, client.bytes, sizeof network);
  if (client.family != 6) std::memcpy(&host, client.bytes + 8, sizeof host);
  const uint64_t hash = mix(mix(network + seed_) ^ (host + client.family));
  const uint64_t other = mix(hash + ~seed_);
  return {hash % columns, other % columns};
}

uint32_t ClientCounts::add(const weir_address& client) {
  const Cells cells = cells_of(client);
  return std::min(rows_[0][cells.first].fetch_add(1, std::memory_order_relaxed),
                  rows_[1][cells.second].fetch_add(1, std::memory_order_relaxed)) +
         1;
}

void ClientCounts::remove(const weir_address& client) {
  const Cells cells = cells_of(client);
  rows_[0][cells.first].fetch_sub(1, std::memory_order_relaxed);
  rows_[1][cells.second].fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace weir
