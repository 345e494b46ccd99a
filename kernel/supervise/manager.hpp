// SPDX-License-Identifier: Apache-2.0
//
// The service manager that started this process, told by datagrams how it goes: sd_notify(3).
//
// The protocol is one datagram of NAME=value lines to the Unix socket that NOTIFY_SOCKET names, so
// no library is needed. Without the variable nothing is told, and every call does nothing. What
// cannot be told is a warning in the log, once.
//
// Thread: control; beat: any.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include <sys/types.h>

namespace weir {

class Manager {
 public:
  // Reads the environment: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID.
  Manager();

  // Somebody listens.
  bool present() const { return !socket_.empty(); }

  void ready();      // after the start, and after each reload
  void reloading();  // until ready()
  void stopping();
  void beat();  // alive; expected more often than once in watchdog_interval()
  // A line for who asks how it goes; line ends in it become blanks.
  void status(const std::string& text);
  // From now on that process is the service.
  void main_process(pid_t process);

  // Longer without a beat, and the manager ends the service; zero: it does not look. Beat twice as
  // often.
  std::chrono::microseconds watchdog_interval() const { return watchdog_; }

  // Takes the variables out of the environment: processes that start from now on tell nothing.
  static void hide();
  // Puts them back, for an executable that takes over as the service, whatever its process id.
  void show() const;

 private:
  void tell(const std::string& message);

  std::string socket_;  // as in the environment
  std::chrono::microseconds watchdog_{};
  std::atomic<bool> failed_ = false;
};

}  // namespace weir
