// SPDX-License-Identifier: Apache-2.0
//
// Service weir.loop/1: timers, posts and tasks that end with their owner.
#include "event/loop.hpp"

#include <weir/module.h>

#include "base/clock.hpp"
#include "base/list.hpp"
#include "chain/exchange.hpp"
#include "chain/handles.hpp"
#include "chain/site.hpp"
#include "event/timers.hpp"
#include "host/host.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>

namespace weir {
namespace {

// Where things that belong to `owner` are kept; nullptr: it has ended.
List<Dependent>* dependents_of(HostThread& thread, weir_ref owner) {
  const weir_ref bare = Handles::with_place(owner, 0);
  if (auto* const exchange =
          static_cast<Exchange*>(thread.handles.find(bare, HandleKind::exchange))) {
    return exchange->lives(owner) ? &exchange->dependents() : nullptr;
  }
  if (const auto* const instance =
          static_cast<InstanceOnLoop*>(thread.handles.find(bare, HandleKind::instance))) {
    return &instance->dependents;
  }
  return nullptr;
}

struct Call {
  weir_fn fn;
  void* arg;
};

// A module's one-shot timer. Lives on the heap until its function has run.
class ModuleTimer final : private Timer, private Deferred, private Dependent {
 public:
  static weir_ref start(HostThread& thread, weir_ref owner, List<Dependent>& home,
                        Clock::duration delay, const Call& call) {
    auto timer = std::unique_ptr<ModuleTimer>(new ModuleTimer(thread, owner, call));
    if (timer->ref_ == 0) return 0;
    home.append(*timer);
    thread.loop.arm(*timer, delay);
    return timer.release()->ref_;
  }
  // The module is on the stack: its function is called when it is not.
  void cancel() {
    thread_.handles.remove(ref_);
    Timer::cancel();
    thread_.loop.defer(*this);
  }

 private:
  ModuleTimer(HostThread& thread, weir_ref its_owner, const Call& call)
      : Dependent(its_owner),
        thread_(thread),
        call_(call),
        ref_(thread.handles.add(HandleKind::timer, this)) {}
  void end(weir_rc why) {
    thread_.handles.remove(ref_);
    const std::unique_ptr<ModuleTimer> self(this);
    Timer::cancel();
    Dependent::unlink();
    call_.fn(call_.arg, why);
  }
  void expired() noexcept override { end(WEIR_OK); }
  void deferred() noexcept override { end(WEIR_GONE); }
  void owner_ended() noexcept override { end(WEIR_GONE); }

  HostThread& thread_;
  Call call_;
  weir_ref ref_;
};

uint64_t now() {
  const HostThread* const thread = Host::current();
  const auto time = thread == nullptr ? Clock::now() : thread->loop.now();
  return static_cast<uint64_t>(time.time_since_epoch().count());
}

weir_ref timer(weir_ref owner, uint64_t ms, weir_fn fn, void* arg) {
  HostThread* const thread = Host::current();
  List<Dependent>* const home = thread == nullptr ? nullptr : dependents_of(*thread, owner);
  if (home == nullptr || fn == nullptr) return 0;
  constexpr uint64_t longest = 366ULL * 24 * 3600 * 1000;
  return ModuleTimer::start(*thread, owner, *home, std::chrono::milliseconds(std::min(ms, longest)),
                            {fn, arg});
}

void cancel(weir_ref ref) {
  HostThread* const thread = Host::current();
  if (thread == nullptr) return;
  if (void* const found = thread->handles.find(ref, HandleKind::timer)) {
    static_cast<ModuleTimer*>(found)->cancel();
  }
}

// On the owner's loop: run, and say whether the owner is still there.
void deliver(weir_ref owner, weir_fn fn, void* arg) {
  HostThread* const thread = Host::current();
  const bool there = thread != nullptr && dependents_of(*thread, owner) != nullptr;
  fn(arg, there ? WEIR_OK : WEIR_GONE);
}

weir_rc post(weir_ref owner, weir_fn fn, void* arg) {
  HostThread* const thread = Host::loop(Handles::loop_of(owner));
  if (thread == nullptr || fn == nullptr) return WEIR_GONE;
  thread->loop.post([owner, fn, arg] { deliver(owner, fn, arg); });
  return WEIR_OK;
}

weir_rc task(weir_ref owner, weir_fn work, weir_fn done, void* arg) {
  HostThread* const thread = Host::current();
  if (thread == nullptr || work == nullptr || done == nullptr) return WEIR_ERROR;
  if (dependents_of(*thread, owner) == nullptr) return WEIR_GONE;
  const bool taken = thread->tasks.submit([work, arg] { work(arg, WEIR_OK); }, thread->loop,
                                          [owner, done, arg] { deliver(owner, done, arg); });
  return taken ? WEIR_OK : WEIR_ERROR;  // WEIR_FULL would say that it was taken
}

}  // namespace

const weir_loop& loop_service() {
  static constexpr weir_loop table{sizeof(weir_loop), now, timer, cancel, post, task};
  return table;
}

}  // namespace weir
