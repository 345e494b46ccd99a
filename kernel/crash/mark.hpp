// SPDX-License-Identifier: Apache-2.0
//
// Whose code a thread is in: every call into a module goes through call_module, which writes down
// whom it calls, in which phase and for which exchange, and lets no exception of it out.
//
// The mark is read by the crash handler of the same thread and by the watchdog, so all that it
// points to stays readable for the life of the process, but for the exchange.
//
// Thread: each has a mark of its own; callee: control.
#pragma once

#include <atomic>
#include <string_view>
#include <type_traits>

namespace weir {

// A component's instance, in the words of a report. Never freed.
struct Callee {
  const char* module;
  const char* version;
  const char* kind;  // "filter"
  const char* name;  // the instance's, as in the file
};

// The one of these words: made at its first use, the same ever after. `kind` as in the ABI or
// a bare word: "weir.http-filter/1" is "filter".
const Callee& callee(std::string_view module, std::string_view version, std::string_view kind,
                     std::string_view name);

struct Mark {
  std::atomic<const Callee*> callee = nullptr;  // nullptr: weir itself
  std::atomic<const char*> phase = nullptr;     // a constant of the executable
  std::atomic<const void*> exchange = nullptr;
};

// Initial-exec: one instruction reaches it, and a signal handler may.
extern thread_local constinit Mark mark __attribute__((tls_model("initial-exec")));

// What a call into a module is.
struct Called {
  const Callee* callee;  // nullptr: nobody to name, as in tests
  const char* phase;
  const void* exchange = nullptr;
};

// Sets the mark of this thread; at its end the former one is back.
class Marked {
 public:
  explicit Marked(const Called& called)
      : former_{mark.callee.load(std::memory_order_relaxed),
                mark.phase.load(std::memory_order_relaxed),
                mark.exchange.load(std::memory_order_relaxed)} {
    set(called);
  }
  ~Marked() { set(former_); }
  Marked(const Marked&) = delete;
  Marked& operator=(const Marked&) = delete;

 private:
  static void set(const Called& called) {
    mark.phase.store(called.phase, std::memory_order_relaxed);
    mark.exchange.store(called.exchange, std::memory_order_relaxed);
    mark.callee.store(called.callee, std::memory_order_release);  // the watchdog follows it
  }

  Called former_;
};

// Logs the exception that is being handled. [in a catch block]
void report_exception(const Called& called) noexcept;

// Calls a module. `on_throw` is the result when an exception comes out of it.
template <class Result, class... Parameters, class... Arguments>
Result call_module(const Called& called, std::type_identity_t<Result> on_throw,
                   Result (*function)(Parameters...), Arguments... arguments) noexcept {
  const Marked marked(called);
  try {
    return function(arguments...);
  } catch (...) {
    report_exception(called);
    return on_throw;
  }
}

// The same for what gives nothing back. False: it threw.
template <class... Parameters, class... Arguments>
bool call_module(const Called& called, void (*function)(Parameters...),
                 Arguments... arguments) noexcept {
  const Marked marked(called);
  try {
    function(arguments...);
    return true;
  } catch (...) {
    report_exception(called);
    return false;
  }
}

}  // namespace weir
