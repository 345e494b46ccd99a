// SPDX-License-Identifier: Apache-2.0
//
// What is called in place of a module in quarantine, where leaving it out would let pass what it
// guards, or leave nobody to answer: 503.
//
// Thread: any.
#pragma once

#include <weir/module.h>

namespace weir {

template <class Ops>
const Ops& stand_in();
template <>
const weir_http_filter& stand_in();
template <>
const weir_handler& stand_in();
template <>
const weir_balancer& stand_in();
template <>
const weir_transport& stand_in();  // no connection gets through

}  // namespace weir
