// SPDX-License-Identifier: Apache-2.0
//
// CPU time of others, taken by the load generator itself at the edges of its window: the harness
// would come late on a busy machine, and charge a part of the window only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace bench {

// CPU time in nanoseconds.
struct CpuTime {
  uint64_t proxy = 0;    // of the processes under test
  uint64_t load = 0;     // of this process and the origin
  uint64_t machine = 0;  // of everything, in steps of 10 ms

  CpuTime operator-(const CpuTime& before) const;
};

class Clocks {
 public:
  // `proxy`: process ids with commas between them, may be empty; `origin`: one id, or 0.
  Clocks(const std::string& proxy, pid_t origin);

  CpuTime now() const;

 private:
  std::vector<pid_t> proxy_;
  pid_t origin_;
};

}  // namespace bench
