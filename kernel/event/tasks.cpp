// SPDX-License-Identifier: Apache-2.0
#include "event/tasks.hpp"

#include "base/contract.hpp"
#include "crash/thread.hpp"
#include "event/loop.hpp"

#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too

namespace weir {

Tasks::Tasks(unsigned threads, size_t limit) : limit_(limit) {
  expects(threads > 0, "a pool has threads");
  // Signals are for the thread that reads them; a new thread begins with its maker's mask.
  sigset_t all, former;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &former);
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
  ::pthread_sigmask(SIG_SETMASK, &former, nullptr);
}

Tasks::~Tasks() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  threads_.clear();  // joins
}

bool Tasks::submit(std::function<void()> work, Loop& loop, std::function<void()> done) {
  return submit([work = std::move(work), &loop, done = std::move(done)]() mutable {
    work();
    loop.post(std::move(done));
  });
}

bool Tasks::submit(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    expects(!closing_, "the pool is open");
    if (queue_.size() >= limit_) return false;
    queue_.push_back(std::move(work));
  }
  changed_.notify_one();
  return true;
}

size_t Tasks::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

void Tasks::serve() {
  const ReportedThread thread("pool");
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    {
      const auto work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
    }
    lock.lock();
  }
}

}  // namespace weir
