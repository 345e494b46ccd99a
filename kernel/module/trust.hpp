// SPDX-License-Identifier: Apache-2.0
//
// Whether a file may become code of this process, and its bytes.
//
// Whoever can write the file, or replace it, or replace a folder above it, runs code as this
// process. So the file and all folders above it must belong to root or to the user who runs weir,
// and must not be writable by group or others; as sshd holds it with keys. A folder that everyone
// may write to is taken if it is sticky, as /tmp is: there nobody removes what is another's.
//
// Thread: any.
#pragma once

#include "module/refusal.hpp"

#include <string>
#include <vector>

namespace weir {

struct TrustedFile {
  std::string path;         // absolute, without symbolic links
  std::vector<char> bytes;  // all of it, as it was when it was checked
};

Loaded<TrustedFile> read_trusted(const std::string& path);

}  // namespace weir
