// SPDX-License-Identifier: Apache-2.0
//
// What `weir module` prints: lists and judges module files as data, and shows what a mapped one
// says of itself. The key tables come from the same schema that reads the file, so that the manual
// cannot say anything else.
//
// Thread: any.
#pragma once

#include "module/image.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir {

// One line for each module file in the folders: name, version, kinds, path, or why it would be
// refused. Runs no code of them.
std::string list_modules(const std::vector<std::string>& folders);

// For `weir module info`: the module, its components and their keys, for a terminal.
std::string describe_module(const Image& image);

// The same for a README, in Markdown: what stands between `<!-- keys -->` and `<!-- /keys -->`.
std::string manual_of(const Image& image);

// `readme` with that region replaced; refused when it has none.
Loaded<std::string> with_manual(std::string_view readme, std::string_view manual);

// Unified diff of two texts with one hunk; empty when they are equal.
std::string difference(std::string_view before, std::string_view after, const std::string& name);

struct Lint {
  std::vector<std::string> findings;  // empty: nothing to say
  std::string glibc;                  // highest version it needs, such as "2.34"; may be empty
};

// What keeps a module file from living well beside others: further exports, symbols that it expects
// of the kernel, unique symbols, a missing note, a file others may write.
Lint lint_module(const std::string& path);

// "filter" of "weir.http-filter/1"; the id itself when it is not known.
std::string kind_word(std::string_view kind);

}  // namespace weir
