// SPDX-License-Identifier: Apache-2.0
//
// Has the process log as [server.log] says.
//
// Thread: control.
#pragma once

#include "base/result.hpp"
#include "conf/model.hpp"

namespace weir {

// The error is a whole sentence, and the log stays as it is.
Result<bool> apply_log(const conf::Log& wanted);

}  // namespace weir
