// SPDX-License-Identifier: Apache-2.0
//
// The clock of deadlines and durations: it never goes back and no administrator can set it. Wall
// time is for people, Date fields and certificates, and is asked of the system where it is shown.
#pragma once

#include <chrono>

namespace weir {

using Clock = std::chrono::steady_clock;

}  // namespace weir
