// SPDX-License-Identifier: Apache-2.0
//
// A listener as the process knows it across reloads, and as one loop does.
//
// Thread: Door: control, the listener's accept by any; Inlet: one loop.
#pragma once

#include "net/acceptor.hpp"
#include "net/address.hpp"
#include "serve/loop_site.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace weir {

// Listeners change their place in the file, a door keeps its number.
struct Door {
  uint32_t number = 0;
  Address asked;  // the listener's own has the port that the system chose
  std::shared_ptr<Listener> listener;
};

// Where connections of one loop came in.
struct Inlet {
  Door door;
  std::shared_ptr<LoopSite>
      site;          // serves them: the current one, or the last that had the listener
  size_t index = 0;  // of the listener in that site
  std::unique_ptr<Acceptor> acceptor;  // nullptr: none comes in any more
  size_t connections = 0;

  void close() {
    acceptor.reset();
    door.listener.reset();
  }
};

}  // namespace weir
