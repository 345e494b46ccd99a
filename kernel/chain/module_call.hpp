// SPDX-License-Identifier: Apache-2.0
//
// A weir_call and what the kernel remembers beside it: whom it calls, and whether a callback has
// said WAIT with the ref that the call holds. Then the next callback gets another, so that each
// resume finds the wait it was meant for, though one filter may wait on both sides at a time.
//
// Thread: one loop.
#pragma once

#include <weir/module.h>

#include "chain/handles.hpp"
#include "crash/mark.hpp"

#include <utility>

namespace weir {

struct ModuleCall : weir_call {
  const Callee* callee = nullptr;
  bool waited = false;

  // Calls the module back, with `phase` in the mark; its verdict, WEIR_FAIL when it throws.
  template <class... Parameters, class... Arguments>
  uint32_t run(const char* phase, uint32_t (*callback)(const weir_call*, Parameters...),
               Arguments... arguments) {
    if (std::exchange(waited, false)) ref = Handles::next_wait(ref);
    return call_module({callee, phase, tx}, WEIR_FAIL, callback, this, arguments...);
  }
  // The last call, for which there is no verdict.
  void end(void (*callback)(const weir_call*)) { call_module({callee, "end", tx}, callback, this); }
  // The callback has returned WEIR_WAIT; the ref that ends it.
  weir_ref said_wait() {
    waited = true;
    return ref;
  }
};

}  // namespace weir
