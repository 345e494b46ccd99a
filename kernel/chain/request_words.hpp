// SPDX-License-Identifier: Apache-2.0
//
// The exchange of a mark, told to the crash handler.
//
// Thread: any; async-signal-safe.
#pragma once

#include "crash/handler.hpp"

namespace weir {

// Fills in what of the exchange can still be read: the process has crashed, so nothing is believed.
void read_exchange(const void* exchange, RequestWords& words);

}  // namespace weir
