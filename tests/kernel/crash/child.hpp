// SPDX-License-Identifier: Apache-2.0
//
// What a child process says and how it ends, for tests of what no process survives.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include <boost/test/unit_test.hpp>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): the POSIX part too
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weir::test {

struct Ended {
  int status = 0;
  std::string said;  // on standard error

  bool by(int signal) const { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }
  bool says(const std::string& text) const { return said.find(text) != std::string::npos; }
};

// Such a build keeps books of stacks and memory of its own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

// Its exit status is 0 when the work comes to an end.
template <class Work>
Ended in_child(Work work) {
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::pipe(ends.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    // Boost.Test handles them, and so do sanitizers.
    for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE}) ::signal(signal, SIG_DFL);
    work();
    ::_exit(0);
  }
  ::close(ends[1]);
  Ended ended;
  std::array<char, 4096> part;
  ssize_t got = 0;
  while ((got = ::read(ends[0], part.data(), part.size())) > 0) {
    ended.said.append(part.data(), static_cast<size_t>(got));
  }
  ::close(ends[0]);
  ::waitpid(child, &ended.status, 0);
  return ended;
}

}  // namespace weir::test
