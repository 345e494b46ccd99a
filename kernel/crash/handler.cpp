// SPDX-License-Identifier: Apache-2.0
#include "crash/handler.hpp"

#include "base/log_channels.hpp"
#include "crash/images.hpp"
#include "crash/mark.hpp"
#include "crash/quarantine.hpp"
#include "crash/report_line.hpp"
#include "crash/thread.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>

#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too
#include <sys/syscall.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too
#include <ucontext.h>
#include <unistd.h>

namespace weir {
namespace {

struct Fault {
  int signal;
  const char* name;
  struct sigaction former;
};

// A handler is given no more than a number, so what it needs is necessarily the process's.
// NOLINTBEGIN(*-avoid-non-const-global-variables)
std::array<Fault, 5> faults = {{{SIGSEGV, "SIGSEGV", {}},
                                {SIGBUS, "SIGBUS", {}},
                                {SIGILL, "SIGILL", {}},
                                {SIGFPE, "SIGFPE", {}},
                                {SIGABRT, "SIGABRT", {}}}};
std::atomic<RequestReader> request_reader = nullptr;
std::atomic<int> record_descriptor = -1;
std::atomic<pid_t> reporter = 0;  // the thread that reports a crash
std::array<int, 2> probe = {-1, -1};
MappedImages images;
// NOLINTEND(*-avoid-non-const-global-variables)

constexpr size_t deepest = 64;
constexpr unsigned longest_report = 5;  // seconds

int stack_signal() { return SIGRTMIN + 2; }

// What a line goes to.
void tell(const ReportLine& line) {
  line.write_to(STDERR_FILENO);
  line.write_to(log_file_descriptor());
}

ReportLine line() { return ReportLine(log_is_json()); }

void* program_counter(const void* context) {
  [[maybe_unused]] const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return reinterpret_cast<void*>(machine.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return reinterpret_cast<void*>(machine.pc);
#else
  return nullptr;
#endif
}

template <class Room>
void copy_text(Room& to, const char* from) {
  if (from == nullptr) return;
  std::memcpy(to.data(), from, ::strnlen(from, to.size() - 1));
}

// Where this thread is: `module "wobbly" 1.0, filter "w1", phase request, request 7f3a GET /x`.
void say_where(ReportLine& to) {
  const Callee* const who = mark.callee.load(std::memory_order_relaxed);
  if (who == nullptr) {
    to << "weir itself";
  } else {
    to << "module \"" << who->module << "\" " << who->version << ", " << who->kind << " \""
       << who->name << "\", phase " << mark.phase.load(std::memory_order_relaxed);
  }
  const void* const exchange = mark.exchange.load(std::memory_order_relaxed);
  const RequestReader reader = request_reader.load(std::memory_order_relaxed);
  if (exchange == nullptr || reader == nullptr) return;
  RequestWords words;
  reader(exchange, words);
  to << ", request ";
  if (words.id[0] != 0) {
    to << words.id.data();
  } else {
    to.hex(words.ref);
  }
  if (words.method[0] != 0) to << " " << words.method.data() << " " << words.path.data();
}

void say_frame(const char* what, size_t number, const void* address) {
  ReportLine frame = line();
  const auto at = reinterpret_cast<uintptr_t>(address);
  frame << what << ":   #";
  frame.decimal(number);
  if (const MappedImage* const image = images.find(at)) {
    frame << " " << image->name.data() << "+0x";
    frame.hex(at - image->base);
  } else {
    frame << " 0x";
    frame.hex(at);
  }
  tell(frame);
}

// From the place of the signal outwards; the frames of the handler are left out.
void say_stack(const char* what, const void* context) {
  std::array<void*, deepest> frames;
  const int got = ::backtrace(frames.data(), static_cast<int>(frames.size()));
  auto* const end = frames.data() + std::max(got, 0);
  void* const at = program_counter(context);
  auto* const first = std::find(frames.data(), end, at);
  size_t number = 0;
  if (first == end) say_frame(what, number++, at);
  for (auto* frame = first; frame != end; ++frame) say_frame(what, number++, *frame);
}

void leave_record(int signal) {
  const int descriptor = record_descriptor.load(std::memory_order_relaxed);
  if (descriptor < 0) return;
  CrashRecord record;
  record.pid = ::getpid();
  record.signal = signal;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  record.unix_ms = int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
  if (const Callee* const who = mark.callee.load(std::memory_order_relaxed)) {
    copy_text(record.module, who->module);
    copy_text(record.instance, who->name);
    copy_text(record.phase, mark.phase.load(std::memory_order_relaxed));
  }
  [[maybe_unused]] const auto written = ::write(descriptor, &record, sizeof record);
}

void say_crash(const char* name, const siginfo_t& info) {
  ReportLine first = line();
  first << "crash: ";
  say_where(first);
  first << ": " << name;
  if (info.si_code > 0) {
    first << " at 0x";
    first.hex(reinterpret_cast<uintptr_t>(info.si_addr));
  }
  const ReportedThread* const thread = ReportedThread::current();
  const char* const reason = thread == nullptr ? nullptr : thread->reason.load();
  if (reason != nullptr) first << ", " << reason;
  tell(first);
  ReportLine second = line();
  second << "crash: thread " << (thread == nullptr ? "without a name" : thread->name())
         << ", process ";
  second.decimal(static_cast<uint64_t>(::getpid()));
  second << ", weir " WEIR_VERSION "; the stack:";
  tell(second);
}

void send_to(pid_t thread, int signal) { ::syscall(SYS_tgkill, ::getpid(), thread, signal); }

// By the signal, as if nobody had caught it. The handler has it blocked, so it acts at its end;
// a sanitizer that had handled it before does so now.
void end_by(const Fault& fault) {
  ::sigaction(fault.signal, &fault.former, nullptr);
  send_to(::gettid(), fault.signal);
}

void crashed(int signal, siginfo_t* info, void* context) {
  static const Fault* reported = nullptr;
  const auto* const fault = std::find_if(faults.begin(), faults.end(),
                                         [&](const Fault& one) { return one.signal == signal; });
  pid_t nobody = 0;
  const pid_t me = ::gettid();
  if (!reporter.compare_exchange_strong(nobody, me)) {
    // Another thread's report ends the process. A fault in this one's ends it too: what it has
    // written is out, and the first signal is the one that matters.
    while (nobody != me) ::pause();
    sigset_t first;
    ::sigemptyset(&first);
    ::sigaddset(&first, reported->signal);
    end_by(*reported);
    ::pthread_sigmask(SIG_UNBLOCK, &first, nullptr);
    return;
  }
  reported = &*fault;
  // An unwinder that waits for what a broken process never gives back.
  ::signal(SIGALRM, SIG_DFL);
  ::alarm(longest_report);
  say_crash(fault->name, *info);
  leave_record(signal);
  say_stack("crash", context);
  end_by(*fault);
}

void stack_wanted(int, siginfo_t*, void* context) {
  const int before = errno;
  ReportLine first = line();
  const ReportedThread* const thread = ReportedThread::current();
  first << "stuck: thread " << (thread == nullptr ? "without a name" : thread->name()) << " in ";
  say_where(first);
  first << "; the stack:";
  tell(first);
  say_stack("stuck", context);
  errno = before;
}

}  // namespace

bool read_safely(void* to, const void* from, size_t size) {
  auto* out = static_cast<char*>(to);
  const auto* in = static_cast<const char*>(from);
  while (size > 0) {
    const size_t part = std::min<size_t>(size, 512);
    if (::write(probe[1], in, part) != static_cast<ssize_t>(part)) return false;
    if (::read(probe[0], out, part) != static_cast<ssize_t>(part)) return false;
    out += part;
    in += part;
    size -= part;
  }
  return true;
}

sigset_t reported_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const Fault& fault : faults) ::sigaddset(&set, fault.signal);
  ::sigaddset(&set, stack_signal());
  return set;
}

void install_crash_handler(RequestReader reader) {
  request_reader = reader;
  if (probe[0] >= 0) return;
  [[maybe_unused]] const int made = ::pipe2(probe.data(), O_CLOEXEC | O_NONBLOCK);
  // Its first call loads a library and allocates.
  std::array<void*, 4> frames;
  ::backtrace(frames.data(), static_cast<int>(frames.size()));
  note_images();
  struct sigaction action {};
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  action.sa_sigaction = crashed;
  for (Fault& fault : faults) ::sigaction(fault.signal, &action, &fault.former);
  action.sa_flags |= SA_RESTART;
  action.sa_sigaction = stack_wanted;
  ::sigaction(stack_signal(), &action, nullptr);
}

void note_images() { images.note(); }

void set_crash_record_fd(int descriptor) { record_descriptor = descriptor; }

void ask_for_stack(pid_t thread) { send_to(thread, stack_signal()); }

void abort_thread(pid_t thread) { send_to(thread, SIGABRT); }

}  // namespace weir
