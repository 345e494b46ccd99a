// SPDX-License-Identifier: Apache-2.0
//
// What a process that crashes leaves behind for the one that starts the next, and when a module
// has done that too often.
//
// Thread: one.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

namespace weir {

// Written whole to the descriptor of set_crash_record_fd: short enough for a pipe to keep it in one
// piece. Texts end with a zero and are cut where they are too long.
struct CrashRecord {
  static constexpr uint32_t known_mark = 0x57435231;  // "WCR1"

  uint32_t mark = known_mark;
  int32_t pid = 0;
  int32_t signal = 0;
  uint32_t reserved = 0;
  int64_t unix_ms = 0;
  std::array<char, 64> module{};  // empty: weir itself
  std::array<char, 64> instance{};
  std::array<char, 32> phase{};
};
static_assert(std::is_trivially_copyable_v<CrashRecord> && sizeof(CrashRecord) == 184);

// Modules that crashed too often in too short a time.
class Quarantine {
 public:
  explicit Quarantine(size_t crashes = 3,
                      std::chrono::milliseconds window = std::chrono::minutes(1))
      : crashes_(crashes), window_(window) {}

  // True: with this crash its module is in quarantine, and was not before. A record that is not
  // one, or names no module, counts for nobody.
  bool add(const CrashRecord& record);

  // They stay there: only a person lets them out, by starting weir anew.
  const std::set<std::string>& names() const { return names_; }

 private:
  size_t crashes_;
  std::chrono::milliseconds window_;
  std::map<std::string, std::vector<int64_t>> times_;  // of the last crashes, in ms
  std::set<std::string> names_;
};

}  // namespace weir
