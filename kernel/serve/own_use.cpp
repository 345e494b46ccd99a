// SPDX-License-Identifier: Apache-2.0
#include "serve/own_use.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

namespace weir {
namespace {

namespace fs = std::filesystem;

// Where a hierarchy of cgroups that limits memory is mounted.
struct Hierarchy {
  std::string top;    // of the hierarchy, what is mounted there
  std::string mount;  // absolute
  bool unified = false;
};

bool lists(std::string_view list, std::string_view word) {
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    if (list.substr(at, end - at) == word) return true;
    at = end + 1;
  }
  return false;
}

// A line of mountinfo (proc_pid_mountinfo(5)):
// id parent device root mount-point options optional... - type source super-options
std::optional<Hierarchy> hierarchy_of(const std::string& line) {
  std::istringstream words(line);
  Hierarchy found;
  std::string word;
  words >> word >> word >> word >> found.top >> found.mount;
  while (words >> word && word != "-") {
  }
  std::string type;
  std::string options;
  words >> type >> word >> options;
  found.unified = type == "cgroup2";
  if (found.unified || (type == "cgroup" && lists(options, "memory"))) return found;
  return {};
}

// The process's group in that hierarchy. A line of /proc/self/cgroup is number:controllers:path.
std::optional<std::string> group_in(const Hierarchy& hierarchy, const fs::path& root) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers =
        std::string_view(line).substr(first + 1, second - first - 1);
    const bool is_it = hierarchy.unified ? controllers.empty() : lists(controllers, "memory");
    if (is_it) return line.substr(second + 1);
  }
  return {};
}

// A limit that nobody set is "max" in version 2, and about 2^63 in version 1.
std::optional<uint64_t> limit_in(const fs::path& file) {
  std::ifstream in(file);
  uint64_t limit = 0;
  if (!(in >> limit) || limit >= uint64_t{1} << 62) return {};
  return limit;
}

std::optional<uint64_t> limit_of(const Hierarchy& hierarchy, const fs::path& root) {
  const auto group = group_in(hierarchy, root);
  if (!group) return {};
  const fs::path mount = root / fs::path(hierarchy.mount).relative_path();
  // In a container the path may be the host's, of which only a part, or nothing, is to be seen.
  fs::path below = fs::path(*group).lexically_relative(hierarchy.top);
  std::error_code failure;
  const bool seen = !below.empty() && *below.begin() != ".." && fs::exists(mount / below, failure);
  if (!seen) below.clear();
  std::optional<uint64_t> least;
  for (fs::path folder = below;; folder = folder.parent_path()) {
    const auto limit =
        limit_in(mount / folder / (hierarchy.unified ? "memory.max" : "memory.limit_in_bytes"));
    if (limit) least = std::min(*limit, least.value_or(*limit));
    if (folder.empty()) return least;
  }
}

}  // namespace

// Pages of statm (proc(5)): size, resident, ... Ten times a second, so without the heap.
uint64_t resident_bytes() {
  std::array<char, 128> text{};
  static const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);  // and kept
  if (file < 0) return 0;
  const ssize_t got = ::pread(file, text.data(), text.size(), 0);
  const char* const begin = text.data();
  const char* const end = begin + std::max<ssize_t>(got, 0);
  const char* const blank = std::find(begin, end, ' ');
  uint64_t resident = 0;
  if (blank != end) std::from_chars(blank + 1, end, resident);
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

uint64_t open_files() {
  struct stat folder {};
  if (::stat("/proc/self/fd", &folder) == 0 && folder.st_size > 0) {
    return static_cast<uint64_t>(folder.st_size);
  }
  std::error_code failure;
  const fs::directory_iterator files("/proc/self/fd", failure);
  return failure ? 0 : static_cast<uint64_t>(std::distance(begin(files), end(files)));
}

uint64_t open_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

std::optional<uint64_t> cgroup_memory_limit(const fs::path& root) {
  std::optional<uint64_t> least;
  std::ifstream mounts(root / "proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    const auto hierarchy = hierarchy_of(line);
    const auto limit = hierarchy ? limit_of(*hierarchy, root) : std::nullopt;
    if (limit) least = std::min(*limit, least.value_or(*limit));
  }
  return least;
}

uint64_t memory_limit() {
  const auto machine = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                       static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return std::min(machine, cgroup_memory_limit().value_or(machine));
}

}  // namespace weir
