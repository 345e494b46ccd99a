// SPDX-License-Identifier: Apache-2.0
//
// A small file, read whole.
//
// Thread: the control thread.
#pragma once

#include <cstddef>
#include <string>

constexpr size_t most_contents = 1024 * 1024;

// nullptr and the bytes in `to`, or why not.
const char* read_contents(const std::string& path, std::string& to);
