// SPDX-License-Identifier: Apache-2.0
//
// A weir_call and what the kernel remembers beside it: whether a callback has said WAIT with the
// ref that the call holds. Then the next callback gets another, so that each resume finds the wait
// it was meant for, though one filter may wait on both sides at a time.
//
// Thread: one loop.
#pragma once

#include <weir/module.h>

#include "chain/handles.hpp"

#include <utility>

namespace weir {

struct ModuleCall : weir_call {
  bool waited = false;

  // Before each callback.
  void enter() {
    if (std::exchange(waited, false)) ref = Handles::next_wait(ref);
  }
  // The callback has returned WEIR_WAIT; the ref that ends it.
  weir_ref said_wait() {
    waited = true;
    return ref;
  }
};

}  // namespace weir
