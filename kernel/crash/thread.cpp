// SPDX-License-Identifier: Apache-2.0
#include "crash/thread.hpp"

#include "crash/handler.hpp"
#include "crash/mark.hpp"

#include <cstddef>
#include <cstdio>
#include <memory>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too
#include <unistd.h>

namespace weir {
namespace {

// A frame of the signal's holds up to 12 KiB of vector registers, an unwinder needs about 8 KiB.
constexpr size_t stack_size = 64UL * 1024;

thread_local constinit ReportedThread* here __attribute__((tls_model("initial-exec"))) = nullptr;

}  // namespace

ReportedThread::ReportedThread(const char* kind, unsigned index)
    : id_(::gettid()), mark_(weir::mark), stack_(new std::byte[stack_size]) {
  if (index == no_index) {
    std::snprintf(name_.data(), name_.size(), "%s", kind);
  } else {
    std::snprintf(name_.data(), name_.size(), "%s %u", kind, index);
  }
  stack_t stack{};
  stack.ss_sp = stack_.get();
  stack.ss_size = stack_size;
  ::sigaltstack(&stack, nullptr);
  // A thread that was begun with all signals blocked would die of a fault without a word.
  const sigset_t reported = reported_signals();
  ::pthread_sigmask(SIG_UNBLOCK, &reported, nullptr);
  here = this;
}

ReportedThread::~ReportedThread() {
  here = nullptr;
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  ::sigaltstack(&none, nullptr);
}

ReportedThread* ReportedThread::current() { return here; }

}  // namespace weir
