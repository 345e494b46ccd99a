// SPDX-License-Identifier: Apache-2.0
//
// Service weir.loop/1: timers, posts and tasks that end with their owner.
#include "event/loop.hpp"

#include <weir/module.h>

#include "base/clock.hpp"
#include "base/list.hpp"
#include "chain/exchange.hpp"
#include "chain/handles.hpp"
#include "chain/module_call.hpp"
#include "chain/site.hpp"
#include "chain/transports.hpp"
#include "crash/mark.hpp"
#include "event/timers.hpp"
#include "host/host.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

namespace weir {
namespace {

// An exchange, an instance on this loop or a transport of a connection.
struct Owner {
  List<Dependent>* dependents = nullptr;     // nullptr: it has ended
  const InstanceOnLoop* instance = nullptr;  // itself, or whose callback the exchange is in
  Exchange* exchange = nullptr;

  const Callee* callee() const { return instance == nullptr ? nullptr : instance->callee; }
};

Owner find_owner(const HostThread& thread, weir_ref ref) {
  const weir_ref bare = Handles::with_place(ref, 0);
  if (auto* const exchange =
          static_cast<Exchange*>(thread.handles.find(bare, HandleKind::exchange))) {
    const ModuleCall* const call = exchange->callback_of(ref);
    if (call == nullptr) return {};
    return {&exchange->dependents(), &exchange->owner_of(*call), exchange};
  }
  if (const auto* const instance =
          static_cast<InstanceOnLoop*>(thread.handles.find(bare, HandleKind::instance))) {
    return {&instance->dependents, instance, nullptr};
  }
  if (const auto* const layer =
          static_cast<TransportLayer*>(thread.handles.find(bare, HandleKind::link))) {
    return {&layer->dependents, layer->use->owner.get(), nullptr};
  }
  return {};
}

// A function of a module's that something calls later.
struct Call {
  weir_fn fn;
  void* arg;
  const Callee* callee;  // whose it is; nullptr: not known
};

// What waits for a function that threw would wait in vain.
void fail(const HostThread& thread, weir_ref owner) {
  if (Exchange* const exchange = find_owner(thread, owner).exchange) {
    exchange->resume(owner, WEIR_FAIL);
  }
}

void run(const HostThread& thread, weir_ref owner, const Call& call, const char* phase,
         weir_rc why) {
  const Owner found = find_owner(thread, owner);
  const Callee* const callee = found.instance != nullptr ? found.callee() : call.callee;
  if (!call_module({callee, phase, found.exchange}, call.fn, call.arg, why)) fail(thread, owner);
}

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
    run(thread_, owner, call_, "timer", why);
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
  const Owner found = thread == nullptr ? Owner{} : find_owner(*thread, owner);
  if (found.dependents == nullptr || fn == nullptr) return 0;
  constexpr uint64_t longest = 366ULL * 24 * 3600 * 1000;
  return ModuleTimer::start(*thread, owner, *found.dependents,
                            std::chrono::milliseconds(std::min(ms, longest)),
                            {fn, arg, found.callee()});
}

void cancel(weir_ref ref) {
  HostThread* const thread = Host::current();
  if (thread == nullptr) return;
  if (void* const found = thread->handles.find(ref, HandleKind::timer)) {
    static_cast<ModuleTimer*>(found)->cancel();
  }
}

// On the owner's loop: run, and say whether the owner is still there.
void deliver(weir_ref owner, const Call& call, const char* phase) {
  const HostThread* const thread = Host::current();
  if (thread == nullptr) {
    call_module({call.callee, phase}, call.fn, call.arg, WEIR_GONE);
    return;
  }
  const bool there = find_owner(*thread, owner).dependents != nullptr;
  run(*thread, owner, call, phase, there ? WEIR_OK : WEIR_GONE);
}

// The work of a task threw: to its module that is as if the owner had ended.
void give_up(weir_ref owner, const Call& call) {
  call_module({call.callee, "task"}, call.fn, call.arg, WEIR_GONE);
  if (const HostThread* const thread = Host::current()) fail(*thread, owner);
}

weir_rc post(weir_ref owner, weir_fn fn, void* arg) {
  HostThread* const thread = Host::loop(Handles::loop_of(owner));
  if (thread == nullptr || fn == nullptr) return WEIR_GONE;
  // Who posts from a thread of its own is known by the owner only, if that is still there then.
  const Call call{fn, arg, mark.callee.load(std::memory_order_relaxed)};
  thread->loop.post([owner, call] { deliver(owner, call, "post"); });
  return WEIR_OK;
}

// The instance may end now, if it was to.
void end_task(Loop& loop, const InstanceOnLoop& instance) {
  if (--instance.tasks == 0 && instance.waits != nullptr) loop.defer(*instance.waits);
}

// Counted by its instance, which outlives it.
weir_rc task(weir_ref owner, weir_fn work, weir_fn done, void* arg) {
  HostThread* const thread = Host::current();
  if (thread == nullptr || work == nullptr || done == nullptr) return WEIR_ERROR;
  const Owner found = find_owner(*thread, owner);
  if (found.dependents == nullptr) return WEIR_GONE;
  const auto threw = std::make_shared<bool>(false);
  ++found.instance->tasks;
  const bool taken = thread->tasks.submit(
      [work, arg, callee = found.callee(), threw] {
        *threw = !call_module({callee, "task"}, work, arg, WEIR_OK);
      },
      thread->loop,
      [owner, call = Call{done, arg, found.callee()}, threw, &loop = thread->loop,
       &instance = *found.instance] {
        *threw ? give_up(owner, call) : deliver(owner, call, "task");
        end_task(loop, instance);
      });
  if (!taken) end_task(thread->loop, *found.instance);
  return taken ? WEIR_OK : WEIR_ERROR;  // WEIR_FULL would say that it was taken
}

}  // namespace

const weir_loop& loop_service() {
  static constexpr weir_loop table{sizeof(weir_loop), now, timer, cancel, post, task};
  return table;
}

}  // namespace weir
