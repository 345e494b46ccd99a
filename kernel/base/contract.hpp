// SPDX-License-Identifier: Apache-2.0
//
// What the code may take for granted. A broken expectation is our own mistake: it ends the process
// at once, with the place on stderr, before wrong state can reach a peer. Always compiled in.
//
// Thread: any.
#pragma once

#include <source_location>

namespace weir {

// Ends the process. Async-signal-safe.
[[noreturn]] void contract_broken(const char* what, std::source_location where) noexcept;

inline void expects(bool condition, const char* what = "expectation",
                    std::source_location where = std::source_location::current()) noexcept {
  if (!condition) [[unlikely]] {
    contract_broken(what, where);
  }
}

}  // namespace weir
