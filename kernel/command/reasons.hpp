// SPDX-License-Identifier: Apache-2.0
//
// What the words mean by which weir says why it answered itself.
//
// Thread: any.
#pragma once

#include <string_view>

namespace weir {

// A sentence for people; empty when the word is a module's own.
std::string_view meaning_of(std::string_view reason);

}  // namespace weir
