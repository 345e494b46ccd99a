// SPDX-License-Identifier: Apache-2.0
#include "event/loop.hpp"

#include "base/clock.hpp"
#include "base/contract.hpp"
#include "base/list.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace weir {
namespace {

constexpr uint32_t both_ways = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

}  // namespace

namespace {

class FunctionTask final : public Task {
 public:
  explicit FunctionTask(std::function<void()> work) : work_(std::move(work)) {}

  void run() noexcept override {
    const std::unique_ptr<FunctionTask> self(this);
    work_();
  }

 private:
  std::function<void()> work_;
};

int checked(int descriptor, const char* what) {
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), what);
  return descriptor;
}

// Written by one thread, so no locked instruction is needed.
void add_to(std::atomic<uint64_t>& counter, uint64_t amount) {
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

uint64_t nanoseconds(Clock::duration duration) {
  return static_cast<uint64_t>(std::chrono::nanoseconds(duration).count());
}

}  // namespace

Loop::Loop(unsigned index)
    : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      index_(index),
      now_(Clock::now()),
      timers_(now_),
      scratch_(std::make_unique_for_overwrite<char[]>(scratch_size)) {
  // Edge triggered, the counter need never be read: every write is a new event.
  if (wake_ < 0 || !add(wake_, nullptr, EPOLLIN | EPOLLET)) {
    const int reason = errno;
    ::close(wake_);
    ::close(epoll_);
    throw std::system_error(reason, std::generic_category(), "eventfd");
  }
}

Loop::~Loop() {
  while (posted_.load(std::memory_order_relaxed) != nullptr) run_posted();
  ::close(wake_);
  ::close(epoll_);
}

bool Loop::control(int operation, int fd, Watcher* watcher, uint32_t events) const {
  epoll_event event{};
  event.events = events;
  event.data.ptr = watcher;
  return ::epoll_ctl(epoll_, operation, fd, &event) == 0;
}

bool Loop::add(int fd, Watcher* watcher, uint32_t events) {
  return control(EPOLL_CTL_ADD, fd, watcher, events);
}

bool Loop::watch(int fd, Watcher& watcher) { return add(fd, &watcher, both_ways); }

bool Loop::watch_anew(int fd, Watcher& watcher) {
  return control(EPOLL_CTL_MOD, fd, &watcher, both_ways);
}

bool Loop::watch_listener(int fd, Watcher& watcher) {
  return add(fd, &watcher, EPOLLIN | EPOLLEXCLUSIVE);
}

void Loop::unwatch_listener(int fd, Watcher& watcher) { unwatch(fd, watcher); }

void Loop::unwatch(int fd, Watcher& watcher) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  forget(watcher);
}

void Loop::forget(Watcher& watcher) {
  for (auto at = at_; at < count_; ++at) {
    if (events_[at].data.ptr == &watcher) events_[at].data.ptr = nullptr;
  }
}

bool Loop::will_tell_to_read(const Watcher& watcher) const {
  const auto rest = std::span(events_).subspan(at_, count_ - at_);
  return std::ranges::any_of(rest, [&](const epoll_event& event) {
    return event.data.ptr == &watcher && (event.events & ~uint32_t{EPOLLOUT}) != 0;
  });
}

void Loop::tick_each_second(Ticker& ticker) {
  tickers_.append(ticker);
  if (!seconds_.armed()) arm(seconds_, std::chrono::seconds(1));
}

void Loop::second_passed() {
  List<Ticker> round;
  round.append_all(tickers_);
  while (Ticker* const ticker = round.first()) {
    tickers_.append(*ticker);  // first, for a ticker may destroy itself
    ticker->tick();
  }
  if (!tickers_.empty()) arm(seconds_, std::chrono::seconds(1));
}

void Loop::post(Task& task) {
  auto* newest = posted_.load(std::memory_order_relaxed);
  do {
    task.next_ = newest;
  } while (!posted_.compare_exchange_weak(newest, &task, std::memory_order_seq_cst));
  wake();
}

void Loop::post(std::function<void()> work) { post(*new FunctionTask(std::move(work))); }

// Either this sees the loop asleep and wakes it, or the loop, which looks once more after saying
// that it sleeps, sees the change that was made before: both orders are sequentially consistent.
void Loop::wake() {
  if (!asleep_.load(std::memory_order_seq_cst)) return;
  if (!asleep_.exchange(false, std::memory_order_seq_cst)) return;
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

void Loop::stop() {
  stop_.store(true, std::memory_order_seq_cst);
  wake();
}

void Loop::run() {
  while (!stop_.load(std::memory_order_relaxed)) turn(Clock::duration::max());
  stop_.store(false, std::memory_order_relaxed);
}

// Milliseconds for epoll_wait, 0 when there is work already, -1 for ever.
int Loop::sleep_time(Clock::duration wait) {
  if (!deferred_.empty() || wait <= Clock::duration::zero()) return 0;
  const auto next = timers_.next();
  const bool forever = wait == Clock::duration::max() && next == Clock::time_point::max();
  if (next != Clock::time_point::max()) wait = std::min(wait, next - Clock::now());
  if (wait <= Clock::duration::zero()) return 0;
  asleep_.store(true, std::memory_order_seq_cst);
  if (posted_.load(std::memory_order_seq_cst) != nullptr || stop_.load(std::memory_order_seq_cst)) {
    return 0;
  }
  if (forever) return -1;
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  return static_cast<int>(std::min<int64_t>(rounded, std::numeric_limits<int>::max()));
}

void Loop::turn(Clock::duration wait) {
  const int timeout = sleep_time(wait);
  const int count = ::epoll_wait(epoll_, events_.data(), static_cast<int>(batch), timeout);
  expects(count >= 0 || errno == EINTR, "epoll_wait works");
  asleep_.store(false, std::memory_order_relaxed);
  now_ = Clock::now();
  use_.began.store(nanoseconds(now_.time_since_epoch()), std::memory_order_relaxed);
  dispatch(count);
  timers_.advance(now_);
  run_posted();
  run_deferred();
  account(count);
}

void Loop::dispatch(int count) {
  count_ = static_cast<size_t>(std::max(count, 0));
  for (at_ = 0; at_ < count_; ++at_) {
    const auto& event = events_[at_];
    if (event.data.ptr == nullptr) continue;  // forgotten in this turn, or the wake-up
    static_cast<Watcher*>(event.data.ptr)->ready(event.events);
    add_to(use_.steps, 1);
  }
  at_ = count_ = 0;
}

void Loop::run_posted() {
  if (posted_.load(std::memory_order_relaxed) == nullptr) return;
  Task* newest = posted_.exchange(nullptr, std::memory_order_acquire);
  Task* oldest = nullptr;
  while (newest != nullptr) oldest = std::exchange(newest, std::exchange(newest->next_, oldest));
  while (oldest != nullptr) std::exchange(oldest, oldest->next_)->run();
}

// What defers again runs in the next round. After some rounds the descriptors get their chance.
void Loop::run_deferred() {
  for (int round = 0; round < deferred_rounds && !deferred_.empty(); ++round) {
    List<Deferred> current;
    current.append_all(deferred_);
    while (Deferred* const work = current.take_first()) {
      work->deferred();
      add_to(use_.steps, 1);
    }
  }
}

void Loop::account(int events) {
  use_.began.store(0, std::memory_order_relaxed);
  const auto took = nanoseconds(Clock::now() - now_);
  add_to(use_.turns, 1);
  add_to(use_.events, static_cast<uint64_t>(std::max(events, 0)));
  add_to(use_.busy, took);
  if (took > use_.longest.load(std::memory_order_relaxed)) {
    use_.longest.store(took, std::memory_order_relaxed);
  }
  if (took > use_.recent.load(std::memory_order_relaxed)) {
    use_.recent.store(took, std::memory_order_relaxed);
  }
}

// A turn that ends at this very moment may be missed, or counted twice: the next call sees others.
Clock::duration Loop::take_lag() {
  uint64_t lag = use_.recent.exchange(0, std::memory_order_relaxed);
  const uint64_t began = use_.began.load(std::memory_order_relaxed);
  const uint64_t now = nanoseconds(Clock::now().time_since_epoch());
  if (began != 0 && now > began) lag = std::max(lag, now - began);
  return std::chrono::duration_cast<Clock::duration>(std::chrono::nanoseconds(lag));
}

}  // namespace weir
