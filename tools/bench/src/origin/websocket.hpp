// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace bench {

// Appends to `out` the echo of every whole frame in `bytes`, unmasked; gives the bytes it used.
// Unmasks in place.
size_t echo_frames(unsigned char* bytes, size_t size, std::string& out);

}  // namespace bench
