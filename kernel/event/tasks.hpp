// SPDX-License-Identifier: Apache-2.0
//
// A few threads for work that blocks: name look-ups, file writes. A loop hands the work over and
// gets its end back as posted work, so that no loop ever waits.
//
// The queue is bounded: who is refused must have another answer than waiting. What was accepted is
// done, also at shutdown: the destructor works the queue off and joins.
//
// Thread: submit from any. Threads inherit the signal mask, so create Signals first.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace weir {

class Loop;

class Tasks {
 public:
  Tasks(unsigned threads, size_t limit);
  ~Tasks();
  Tasks(const Tasks&) = delete;
  Tasks& operator=(const Tasks&) = delete;

  // `work` runs on a pool thread, then `done` on `loop`. Neither may throw. False, and nothing
  // runs, when `limit` pieces wait already. Expects: `loop` outlives this pool.
  bool submit(std::function<void()> work, Loop& loop, std::function<void()> done);

  // The same for work whose end interests nobody.
  bool submit(std::function<void()> work);

  size_t waiting() const;

 private:
  void serve();

  const size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool closing_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace weir
