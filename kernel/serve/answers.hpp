// SPDX-License-Identifier: Apache-2.0
//
// What a worker process says when it is asked about itself, as JSON.
//
// Thread: control.
#pragma once

#include "serve/doors.hpp"
#include "serve/generation.hpp"
#include "serve/overload_watch.hpp"
#include "serve/worker.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace weir {

// The process as it is now.
struct ProcessView {
  const Generation& generation;
  std::span<const std::shared_ptr<Generation>> former;  // whose exchanges have not all ended
  std::span<const std::unique_ptr<Worker>> workers;
  std::span<const Door> doors;
  std::chrono::system_clock::time_point began;
  uint64_t reloads = 0;
  uint64_t refused_reloads = 0;
  bool draining = false;
  OverloadView overload;
};

std::string status_json(const ProcessView& process);
std::string modules_json(const Generation& generation);
std::string connections_json(std::span<const ConnectionView> connections);

}  // namespace weir
