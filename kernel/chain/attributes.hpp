// SPDX-License-Identifier: Apache-2.0
//
// What the kernel knows of an exchange under the names of WEIR_ATTRIBUTE_NAMES, and templates made
// of it.
//
// Thread: the exchange's loop.
#pragma once

#include "chain/exchange.hpp"
#include "conf/template.hpp"

#include <string_view>

namespace weir {

// Text of an attribute, the kernel's or a module's; a null view when there is none. Numbers come as
// decimal text, durations in seconds with milliseconds. Lasts as long as the exchange.
std::string_view attribute_text(Exchange& exchange, uint32_t id);

// An attribute that is a number, in its own unit; 0 for all others.
uint64_t attribute_number(const Exchange& exchange, uint32_t id);

bool set_attribute(Exchange& exchange, uint32_t id, std::string_view value);

// One pass over the pieces. Values are escaped as WEIR_ESCAPE_* says, literal text is not; what
// came out of a value is never looked at again. A null view when it would be longer than 64 KiB.
std::string_view expand(Exchange& exchange, const weir_template& compiled, uint32_t escape);

}  // namespace weir
