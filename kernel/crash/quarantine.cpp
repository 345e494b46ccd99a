// SPDX-License-Identifier: Apache-2.0
#include "crash/quarantine.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <string.h>  // NOLINT(modernize-deprecated-headers): strnlen

namespace weir {

bool Quarantine::add(const CrashRecord& record) {
  const std::string module(record.module.data(),
                           ::strnlen(record.module.data(), record.module.size()));
  if (record.mark != CrashRecord::known_mark || module.empty() || names_.contains(module)) {
    return false;
  }
  auto& times = times_[module];
  times.push_back(record.unix_ms);
  // The wall clock may have been set back meanwhile: what lies ahead is no older than now.
  std::erase_if(times, [&](int64_t time) { return record.unix_ms - time >= window_.count(); });
  if (times.size() < crashes_) return false;
  times_.erase(module);
  names_.insert(module);
  return true;
}

}  // namespace weir
