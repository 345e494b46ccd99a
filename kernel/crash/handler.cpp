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
#include <utility>

#include <execinfo.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too
#include <sys/syscall.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too
#include <unistd.h>

namespace weir {
namespace {

struct Fault {
  int signal;
  const char* name;
  struct sigaction former;
};

// A crash that is being told.
struct Report {
  const Fault* fault = nullptr;
  siginfo_t info{};
  bool told = false;  // the first line is out
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
bool installed = false;
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
  return reinterpret_cast<void*>(machine.gregs[REG_RIP]);  // NOLINT(performance-no-int-to-ptr)
#elif defined(__aarch64__)
  return reinterpret_cast<void*>(machine.pc);  // NOLINT(performance-no-int-to-ptr)
#else
  return nullptr;
#endif
}

template <size_t Size>
void copy_text(std::array<char, Size>& to, const std::array<char, 72>& from) {
  std::copy_n(from.begin(), std::min(Size - 1, from.size()), to.begin());
}

// A text as far as it can be read.
struct SafeText {
  std::array<char, 72> bytes{};

  explicit SafeText(const char* from) {
    for (size_t i = 0; i + 1 < bytes.size() && from != nullptr; ++i) {
      if (!read_safely(&bytes[i], from + i, 1) || bytes[i] == 0) return;
    }
  }
};

ReportLine& operator<<(ReportLine& to, const SafeText& text) { return to << text.bytes.data(); }

// A module that wrote where it must not may have hit the mark too.
struct SafeMark {
  bool itself = false;  // nobody is called
  Callee callee{};
  const char* phase = mark.phase.load(std::memory_order_relaxed);

  SafeMark() {
    const Callee* const who = mark.callee.load(std::memory_order_relaxed);
    itself = who == nullptr;
    if (!itself && !read_safely(&callee, who, sizeof callee)) callee = {};
  }
};

// Where this thread is: `module "wobbly" 1.0, filter "w1", phase request`.
void say_callee(ReportLine& to) {
  const SafeMark now;
  if (now.itself) {
    to << "weir itself";
  } else {
    to << "module \"" << SafeText(now.callee.module) << "\" " << SafeText(now.callee.version)
       << ", " << SafeText(now.callee.kind) << " \"" << SafeText(now.callee.name) << "\", phase "
       << SafeText(now.phase);
  }
}

// And for whom: `, request 7f3a GET /x`.
void say_request(ReportLine& to) {
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
  const SafeMark marked;
  if (!marked.itself) {
    copy_text(record.module, SafeText(marked.callee.module).bytes);
    copy_text(record.instance, SafeText(marked.callee.name).bytes);
    copy_text(record.phase, SafeText(marked.phase).bytes);
  }
  [[maybe_unused]] const auto written = ::write(descriptor, &record, sizeof record);
}

void say_crash(const char* name, const siginfo_t& info, bool with_request) {
  ReportLine first = line();
  first << "crash: ";
  say_callee(first);
  if (with_request) say_request(first);
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

// Another thread's report ends the process. A fault in this one's ends it too: the first signal is
// the one that matters, and if its line is not out yet, it is told without the request.
void crashed_meanwhile(pid_t whose, const Report& report) {
  while (whose != ::gettid()) ::pause();
  if (!report.told) {
    say_crash(report.fault->name, report.info, false);
    leave_record(report.fault->signal);
  }
  sigset_t first;
  ::sigemptyset(&first);
  ::sigaddset(&first, report.fault->signal);
  end_by(*report.fault);
  ::pthread_sigmask(SIG_UNBLOCK, &first, nullptr);
}

void crashed(int signal, siginfo_t* info, void* context) {
  static Report report;
  const auto* const fault = std::find_if(faults.begin(), faults.end(),
                                         [&](const Fault& one) { return one.signal == signal; });
  pid_t whose = 0;
  if (!reporter.compare_exchange_strong(whose, ::gettid())) return crashed_meanwhile(whose, report);
  report.fault = &*fault;
  report.info = *info;
  // An unwinder that waits for what a broken process never gives back.
  ::signal(SIGALRM, SIG_DFL);
  ::alarm(longest_report);
  say_crash(fault->name, *info, true);
  report.told = true;
  leave_record(signal);
  say_stack("crash", context);
  end_by(*fault);
}

void stack_wanted(int, siginfo_t*, void* context) {
  const int before = errno;
  ReportLine first = line();
  const ReportedThread* const thread = ReportedThread::current();
  first << "stuck: thread " << (thread == nullptr ? "without a name" : thread->name()) << " in ";
  say_callee(first);
  say_request(first);
  first << "; the stack:";
  tell(first);
  say_stack("stuck", context);
  errno = before;
}

// The system reads the set before it finds that it is asked for something that there is not, and
// changes nothing. No sandbox forbids that, and unlike a pipe it needs no descriptor.
bool is_mapped(uintptr_t word) {
  constexpr int no_such_way = ~0;
  ::syscall(SYS_rt_sigprocmask, no_such_way, word, nullptr, sizeof(uint64_t));
  return errno == EINVAL;
}

}  // namespace

// Not instrumented: a sanitizer would take offence at what was freed.
__attribute__((no_sanitize("address", "thread", "undefined"))) bool read_safely(void* to,
                                                                                const void* from,
                                                                                size_t size) {
  constexpr uintptr_t word = sizeof(uint64_t);
  auto* const out = static_cast<volatile char*>(to);
  const auto begin = reinterpret_cast<uintptr_t>(from);
  uintptr_t known = 1;  // the word that was looked at last; 1 is none
  for (size_t i = 0; i < size; ++i) {
    const uintptr_t at = begin + i;
    if (at / word * word != known) {
      known = at / word * word;
      if (!is_mapped(known)) return false;
    }
    out[i] = static_cast<const volatile char*>(from)[i];
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
  if (std::exchange(installed, true)) return;
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
