// SPDX-License-Identifier: Apache-2.0
//
// What is done to a process for good is done to a child; it says what it found on a pipe.
#pragma once

#include <array>
#include <functional>
#include <string>

#include <boost/test/unit_test.hpp>
#include <sys/wait.h>
#include <unistd.h>

namespace weir::test {

// What `work` gives in a process of its own, which ends without the cleaning up of this one.
inline std::string in_a_child(const std::function<std::string()>& work) {
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::pipe(ends.data()) == 0);
  const auto child = ::fork();
  if (child == 0) {
    const std::string found = work();
    ::_exit(::write(ends[1], found.data(), found.size()) == ssize_t(found.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string found;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 1; got > 0;) {
    got = ::read(ends[0], buffer.data(), buffer.size());
    if (got > 0) found.append(buffer.data(), static_cast<size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  BOOST_TEST(status == 0);
  return found;
}

}  // namespace weir::test
