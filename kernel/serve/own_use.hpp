// SPDX-License-Identifier: Apache-2.0
//
// What this process uses of the machine, and what it may use.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace weir {

// Of memory, as the system counts it for the process.
uint64_t resident_bytes();

// Where the system does not keep count (before Linux 6.2) it takes as long as there are many.
// 0: nobody can tell.
uint64_t open_files();
uint64_t open_file_limit();

// The least limit of memory among the process's cgroup and those above it, of version 1 or 2; none
// when nobody limits it. `root` is where /proc and the cgroups are looked for.
std::optional<uint64_t> cgroup_memory_limit(const std::filesystem::path& root = "/");

// The limit of the cgroup or what the machine has, whichever is less.
uint64_t memory_limit();

}  // namespace weir
