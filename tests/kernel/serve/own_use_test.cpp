// SPDX-License-Identifier: Apache-2.0
#include "serve/own_use.hpp"

#include <cstdlib>
#include <fstream>
#include <string>

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <unistd.h>

using weir::cgroup_memory_limit;

namespace {

namespace fs = std::filesystem;

// A root of the file system with what the process sees of cgroups.
class Machine {
 public:
  Machine() {
    std::string name = fs::temp_directory_path() / "weir-own-use-XXXXXX";
    root_ = ::mkdtemp(name.data());
  }
  ~Machine() { fs::remove_all(root_); }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  Machine& with(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
    return *this;
  }
  // What mountinfo says of the two versions.
  Machine& mounts(const std::string& text) { return with("proc/self/mountinfo", text); }
  Machine& group(const std::string& text) { return with("proc/self/cgroup", text); }

  std::optional<uint64_t> limit() const { return cgroup_memory_limit(root_); }

 private:
  fs::path root_;
};

const std::string version2 =
    "22 1 0:20 / /proc rw - proc proc rw\n"
    "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const std::string version1 =
    "31 22 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
    "32 22 0:28 / /sys/fs/cgroup/memory rw shared:5 master:1 - cgroup cgroup rw,memory\n"
    "33 22 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

BOOST_AUTO_TEST_SUITE(own_use)

BOOST_AUTO_TEST_CASE(version_2_takes_the_least_of_all_groups_above) {
  Machine machine;
  machine.mounts(version2).group("0::/system.slice/weir.service\n");
  machine.with("sys/fs/cgroup/system.slice/weir.service/memory.max", "max\n");
  BOOST_TEST(!machine.limit().has_value());
  machine.with("sys/fs/cgroup/system.slice/memory.max", "500000\n");
  BOOST_TEST(machine.limit().value() == 500000u);
  machine.with("sys/fs/cgroup/system.slice/weir.service/memory.max", "400000\n");
  BOOST_TEST(machine.limit().value() == 400000u);
}

BOOST_AUTO_TEST_CASE(version_1_is_found_among_the_controllers) {
  Machine machine;
  machine.mounts(version1).group("3:cpu,cpuacct:/other\n2:memory:/limited/weir\n0::/\n");
  machine.with("sys/fs/cgroup/memory/limited/weir/memory.limit_in_bytes", "9223372036854771712\n");
  BOOST_TEST(!machine.limit().has_value());
  machine.with("sys/fs/cgroup/memory/limited/memory.limit_in_bytes", "100663296\n");
  BOOST_TEST(machine.limit().value() == 96u << 20);
}

BOOST_AUTO_TEST_CASE(in_a_container_the_mount_is_the_group) {
  Machine machine;
  machine.mounts("32 22 0:28 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  machine.group("2:memory:/docker/abc\n");
  machine.with("sys/fs/cgroup/memory/memory.limit_in_bytes", "7000000\n");
  BOOST_TEST(machine.limit().value() == 7000000u);
  machine.group("2:memory:/elsewhere\n");
  BOOST_TEST(machine.limit().value() == 7000000u);
}

BOOST_AUTO_TEST_CASE(without_cgroups_there_is_no_limit) {
  Machine machine;
  BOOST_TEST(!machine.limit().has_value());
  machine.mounts("nonsense\n\n1 2 3\n").group("nonsense\n::\n");
  BOOST_TEST(!machine.limit().has_value());
}

BOOST_AUTO_TEST_CASE(the_own_process_has_memory_and_files) {
  BOOST_TEST(weir::resident_bytes() > 1u << 20);
  BOOST_TEST(weir::memory_limit() >= weir::resident_bytes());
  BOOST_TEST(weir::open_file_limit() > 0u);
  const uint64_t before = weir::open_files();
  const int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  BOOST_TEST(weir::open_files() == before + 1);
  ::close(descriptor);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
