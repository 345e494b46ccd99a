// SPDX-License-Identifier: Apache-2.0
//
// Between the kernel's exchange and the ABI's opaque names for it.
#pragma once

#include <weir/module.h>

#include "chain/exchange.hpp"

namespace weir {

inline weir_tx* tx_of(Exchange& exchange) { return reinterpret_cast<weir_tx*>(&exchange); }
inline Exchange& exchange_of(weir_tx* tx) { return *reinterpret_cast<Exchange*>(tx); }

}  // namespace weir
