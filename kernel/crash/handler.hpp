// SPDX-License-Identifier: Apache-2.0
//
// What is said when the process crashes: which module was called, in which phase, for which
// request, and the stack. Then the process ends by the signal that it got.
//
// The report goes to standard error, and to the log's file where there is one. Nothing of it
// allocates or locks. Words of the request are copied by the system, which refuses what cannot be
// read, and the first line is out before the stack is walked: a fault on the way costs only what
// comes after it.
//
// Thread: control, but for what is said below.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigset_t
#include <sys/types.h>

namespace weir {

// What a request is told by; texts end with a zero.
struct RequestWords {
  uint64_t ref = 0;  // 0: nothing is known
  std::array<char, 72> id{};
  std::array<char, 24> method{};
  std::array<char, 200> path{};
};

// Fills in what can be read of a Mark::exchange. Async-signal-safe, and reads it by read_safely.
using RequestReader = void (*)(const void* exchange, RequestWords& words);

// From now on SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT are reported, on threads that have a
// ReportedThread. Once; further calls change the reader.
void install_crash_handler(RequestReader reader);

// Takes note of what is mapped now, to name it in stacks; after each module that is loaded.
void note_images();

// Where a CrashRecord is written when the process crashes; -1: nowhere. Not closed.
void set_crash_record_fd(int descriptor);

// Copies memory that may not be there. False: not all of it is. Async-signal-safe.
bool read_safely(void* to, const void* from, size_t size);

// Has the thread of this process write its stack to the log, and go on. [any]
void ask_for_stack(pid_t thread);

// Ends the process with a report of that thread. [any]
void abort_thread(pid_t thread);

// The signals that a reported thread must not block.
sigset_t reported_signals();

}  // namespace weir
