// SPDX-License-Identifier: Apache-2.0
//
// Text with what its surroundings cannot hold written in another way (WEIR_ESCAPE_*).
//
//   JSON  the inside of a string: quote, backslash and controls as \uXXXX; bytes that are no UTF-8
//         become U+FFFD, so that every line is valid JSON
//   LOG   quote, backslash, controls and all beyond ASCII as \xNN
//   URI   all but unreserved as %NN
//   HTML  & < > " ' as entities
//
// Thread: any.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace weir {

// Appends to `out` from `size` on and moves `size`; false when it did not fit, nothing was written.
bool append_escaped(std::span<char> out, size_t& size, std::string_view text, uint32_t escape);

}  // namespace weir
