// SPDX-License-Identifier: Apache-2.0
#include "supervise/sandbox.hpp"

#include "child.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"
#include "net/resolver.hpp"
#include "net/socket.hpp"
#include "supervise/landlock.hpp"
#include "supervise/syscall_filter.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace weir::test {
namespace {

namespace fs = std::filesystem;

std::string reason(bool good) { return good ? "good" : ::strerrorname_np(errno); }
std::string reason(long result) { return reason(result >= 0); }

std::string in_the_sandbox(const std::function<std::string()>& work) {
  return in_a_child([&] {
    enter_sandbox({});
    return work();
  });
}

// Which file system calls the rules forbid, without the filter, which forbids more.
std::string under_landlock(const std::vector<std::string>& writable,
                           const std::function<std::string()>& work) {
  return in_a_child([&] {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    restrict_files(writable);
    return work();
  });
}

bool has_landlock(long version) {
  return ::syscall(444, nullptr, 0, 1U /* the version */) >= version;
}

class Folders {
 public:
  Folders() {
    std::string pattern = "/tmp/weir-sandbox-XXXXXX";
    root = ::mkdtemp(pattern.data());
    for (const char* name : {"/a", "/b"}) fs::create_directory(root + name);
  }
  ~Folders() { fs::remove_all(root); }
  Folders(const Folders&) = delete;
  Folders& operator=(const Folders&) = delete;

  std::string root;
};

bool writes(const std::string& path) { return bool(std::ofstream(path) << "x" << std::flush); }

std::string written(const std::string& path) { return writes(path) ? "written\n" : "refused\n"; }

// What all of them say when nobody looked at their arguments.
constexpr long refused[] = {SYS_execve,
                            SYS_execveat,
                            SYS_process_vm_readv,
                            SYS_process_vm_writev,
                            SYS_mount,
                            SYS_umount2,
                            SYS_pivot_root,
                            SYS_chroot,
                            SYS_move_mount,
                            SYS_fsopen,
                            SYS_bpf,
                            SYS_keyctl,
                            SYS_add_key,
                            SYS_request_key,
                            SYS_kexec_load,
                            SYS_init_module,
                            SYS_finit_module,
                            SYS_delete_module,
                            SYS_reboot,
                            SYS_swapon,
                            SYS_swapoff,
                            SYS_userfaultfd,
                            SYS_perf_event_open,
                            SYS_unshare,
                            SYS_setns,
                            SYS_acct,
                            SYS_quotactl,
                            SYS_open_by_handle_at,
                            SYS_settimeofday,
                            SYS_clock_settime,
                            SYS_clock_adjtime,
                            SYS_adjtimex,
                            SYS_io_uring_setup};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(sandbox, Folders)

BOOST_AUTO_TEST_CASE(what_a_worker_has_no_use_for_is_refused_and_nothing_ends) {
  BOOST_TEST(in_the_sandbox([] {
               std::string wrong;
               for (const long number : refused) {
                 const long result = ::syscall(number, -1L, -1L, -1L, -1L, -1L, -1L);
                 if (result != -1 || errno != EPERM) wrong += std::to_string(number) + " ";
               }
               return wrong;
             }) == "");
}

BOOST_AUTO_TEST_CASE(no_program_starts) {
  BOOST_TEST(in_the_sandbox([] { return std::to_string(std::system("exit 5") >> 8); }) == "127");
}

BOOST_AUTO_TEST_CASE(namespaces_are_refused_to_clone_as_well) {
  BOOST_TEST(in_the_sandbox([] {
               // Without a new stack it is a fork.
               const long child = ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
               if (child == 0) ::_exit(0);
               return reason(child);
             }) == "EPERM");
}

BOOST_AUTO_TEST_CASE(the_personality_can_be_asked_and_not_changed) {
  BOOST_TEST(in_the_sandbox([] {
               return reason(long{::personality(0xffffffff)}) + " " +
                      reason(long{::personality(READ_IMPLIES_EXEC)});
             }) == "good EPERM");
}

#ifdef __x86_64__
BOOST_AUTO_TEST_CASE(the_numbers_of_other_architectures_are_refused) {
  BOOST_TEST(in_the_sandbox([] {
               // getpid of i386
               int result = 20;
               __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
               const bool i386 = result == -EPERM || result == -ENOSYS;
               const long x32 = ::syscall(0x40000000 + SYS_getpid);
               return std::string(i386 ? "refused " : "taken ") + reason(x32);
             }) == "refused EPERM");
}
#endif

BOOST_AUTO_TEST_CASE(threads_files_names_and_sockets_are_left) {
  BOOST_TEST(in_the_sandbox([&] {
               std::string text = "no thread\n";
               std::thread([&] { text = written(root + "/a/file"); }).join();
               text += Resolver::resolve("localhost", 80).addresses.empty() ? "no name\n" : "";
               auto listener = Listener::open(*Address::parse("127.0.0.1:0"));
               if (!listener) return text + listener.error().text;
               auto client = Socket::connect(listener->address());
               if (!client) return text + "no connection";
               fs::rename(root + "/a/file", root + "/b/file");
               const auto child = ::fork();
               if (child == 0) ::_exit(0);
               return text + reason(long{child});
             }) == "written\ngood");
}

BOOST_AUTO_TEST_CASE(modules_load_after_it) {
  const char* const build = std::getenv("WEIR_BUILD");
  const auto folder = fs::path(build == nullptr ? "build/release" : build) / "modules";
  BOOST_TEST(in_the_sandbox([&] {
               std::string wrong;
               std::error_code none;
               for (const auto& file : fs::directory_iterator(folder, none)) {
                 if (file.path().extension() != ".so") continue;
                 void* const image = ::dlopen(file.path().c_str(), RTLD_NOW | RTLD_LOCAL);
                 if (image == nullptr) wrong += std::string(::dlerror()) + "\n";
               }
               const int fd = ::open("/proc/self/exe", O_RDONLY);
               void* const at = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
               return wrong + (at == MAP_FAILED ? "no code can be mapped" : "");
             }) == "");
}

BOOST_AUTO_TEST_CASE(memory_and_new_files_are_for_the_process_alone) {
  BOOST_TEST(in_the_sandbox([&] {
               rlimit cores{1, 1};
               ::getrlimit(RLIMIT_CORE, &cores);
               struct stat status {};
               written(root + "/a/file");
               ::stat((root + "/a/file").c_str(), &status);
               return std::to_string(cores.rlim_max) + " " +
                      std::to_string(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)) + " " +
                      std::to_string(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)) + " " +
                      std::to_string(status.st_mode & 0777);
             }) == "0 0 1 " + std::to_string(0600));
}

BOOST_AUTO_TEST_CASE(no_capability_is_left) {
  BOOST_TEST(in_the_sandbox([] {
               std::ifstream status("/proc/self/status");
               std::string text;
               for (std::string line; std::getline(status, line);) {
                 const bool asked = line.starts_with("CapInh") || line.starts_with("CapPrm") ||
                                    line.starts_with("CapEff") || line.starts_with("CapAmb");
                 if (asked && line.find_first_not_of('0', 8) != std::string::npos) text += line;
               }
               return text;
             }) == "");
}

BOOST_AUTO_TEST_CASE(the_supervisor_cannot_be_sent_a_signal) {
  if (!has_landlock(6)) return;
  BOOST_TEST(in_the_sandbox([] {
               return reason(long{::kill(::getppid(), 0)}) + " " +
                      reason(long{::kill(::getpid(), 0)});
             }) == "EPERM good");
}

BOOST_AUTO_TEST_CASE(it_can_be_entered_twice) {
  if (!has_landlock(3)) return;
  BOOST_TEST(in_the_sandbox([&] {
               const auto missing = enter_sandbox({{root + "/a"}});
               return std::to_string(missing.size()) + " " + written(root + "/b/file");
             }) == "0 refused\n");
}

BOOST_AUTO_TEST_CASE(landlock_alone_forbids_programs_and_devices) {
  if (!has_landlock(2)) return;
  BOOST_TEST(under_landlock({}, [&] {
               char* const none[] = {nullptr};
               const std::string text = reason(long{::execve("/bin/true", none, none)}) + " ";
               const auto node = root + "/node";
               return text + reason(long{::mknod(node.c_str(), S_IFCHR | 0600, 0x103)}) + " " +
                      written(root + "/a/file");
             }) == "EACCES EACCES written\n");
}

BOOST_AUTO_TEST_CASE(writing_can_be_restricted_to_folders) {
  if (!has_landlock(3)) return;
  const auto ours = root + "/a/";
  BOOST_TEST(writes(root + "/b/file"));
  BOOST_TEST(under_landlock({root + "/a", root}, [&] { return written(root + "/b/file"); }) ==
             "written\n");
  BOOST_TEST(under_landlock({root + "/a"}, [&] {
               std::error_code error;
               std::string text = written(ours + "file") + written(root + "/b/file") +
                                  written("/dev/null") + written("/tmp/weir-sandbox-elsewhere");
               fs::create_directories(ours + "c/d");
               fs::rename(ours + "file", ours + "c/d/file");
               fs::rename(ours + "c/d/file", root + "/b/moved", error);
               text += error ? "not moved\n" : "moved\n";
               std::ifstream read(root + "/b/file");
               return text + (read.get() == 'x' ? "read\n" : "not read\n") +
                      std::to_string(fs::remove_all(ours + "c"));
             }) == "written\nrefused\nwritten\nrefused\nnot moved\nread\n3");
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_not_there_is_told) {
  if (!has_landlock(3)) return;
  BOOST_TEST(in_a_child([&] {
               ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
               return restrict_files({root + "/c"}).at(0);
             }) ==
             "nothing can be written to " + root + "/c (Landlock): No such file or directory");
}

BOOST_AUTO_TEST_CASE(a_filter_that_cannot_be_set_is_told) {
  if (::geteuid() != 0) return;
  BOOST_TEST(in_a_child([] {
               if (::setuid(65534) != 0) return std::string("root");
               return restrict_system_calls().at(0);
             }) == "system calls cannot be restricted (seccomp): Permission denied");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
