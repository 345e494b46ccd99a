// SPDX-License-Identifier: Apache-2.0
#include "supervise/syscall_filter.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include <linux/audit.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define WEIR_AUDIT_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && !defined(__AARCH64EB__)
#define WEIR_AUDIT_ARCH AUDIT_ARCH_AARCH64
#endif

namespace weir {

#ifdef WEIR_AUDIT_ARCH

namespace {

// Younger than some headers; such numbers are the same on all architectures.
constexpr uint32_t open_tree_attr = 467;

constexpr uint32_t refused[] = {
    // other programs
    SYS_execve,
    SYS_execveat,
    // other processes
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pidfd_getfd,
    SYS_kcmp,
    SYS_perf_event_open,
    SYS_userfaultfd,
    // namespaces and file systems
    SYS_unshare,
    SYS_setns,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    open_tree_attr,
    SYS_open_by_handle_at,
    SYS_quotactl,
    SYS_quotactl_fd,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    // the kernel itself
    SYS_bpf,
    SYS_io_uring_setup,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_reboot,
    // the clock
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
#ifndef __SANITIZE_ADDRESS__  // whose search for leaks traces the process
    SYS_ptrace,
#endif
#ifdef __x86_64__  // the ports of the machine
    SYS_iopl,
    SYS_ioperm,
#endif
};

constexpr uint32_t namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

using Program = std::vector<sock_filter>;

void load(Program& program, size_t offset) {
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)));
}

// The next instruction is taken when the comparison holds, else `otherwise` further ones are left
// out too.
void unless(Program& program, uint16_t comparison, uint32_t value, uint8_t otherwise = 1) {
  program.push_back(BPF_JUMP(uint16_t(BPF_JMP | BPF_K | comparison), value, 0, otherwise));
}

void allow(Program& program) { program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)); }

void refuse(Program& program, uint32_t reason = EPERM) {
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | reason));
}

// Both architectures are little-endian: the lower half of an argument comes first.
constexpr size_t first_argument = offsetof(seccomp_data, args);

Program filter() {
  Program program;
  load(program, offsetof(seccomp_data, arch));
  unless(program, BPF_JEQ, WEIR_AUDIT_ARCH, 0);
  program.back().jt = 1;  // numbers of another architecture mean other calls
  refuse(program);
  load(program, offsetof(seccomp_data, nr));
#ifdef __x86_64__
  unless(program, BPF_JGE, 0x40000000);  // x32, a second set of numbers
  refuse(program);
#endif
  for (const uint32_t number : refused) {
    unless(program, BPF_JEQ, number);
    refuse(program);
  }
  // Its flags lie in memory, where a filter cannot look. The C library goes back to clone.
  unless(program, BPF_JEQ, SYS_clone3);
  refuse(program, ENOSYS);
  unless(program, BPF_JEQ, SYS_clone, 4);
  load(program, first_argument);
  unless(program, BPF_JSET, namespaces);
  refuse(program);
  allow(program);
  unless(program, BPF_JEQ, SYS_personality, 4);
  load(program, first_argument);
  unless(program, BPF_JEQ, 0xffffffff);  // the question which it is
  allow(program);
  refuse(program);
  allow(program);
  return program;
}

}  // namespace

std::vector<std::string> restrict_system_calls() {
  Program instructions = filter();
  const sock_fprog program{static_cast<uint16_t>(instructions.size()), instructions.data()};
  // Kernels before 5.16 slow down filtered processes against speculation, which protects those that
  // run foreign scripts in the same process.
  constexpr unsigned flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (result == 0) return {};
  const std::string why =
      result < 0 ? std::generic_category().message(errno) : "a thread has a filter of its own";
  return {"system calls cannot be restricted (seccomp): " + why};
}

#else

std::vector<std::string> restrict_system_calls() {
  return {"system calls cannot be restricted (seccomp): there is no list for this architecture"};
}

#endif

}  // namespace weir
