// SPDX-License-Identifier: Apache-2.0
#include "supervise/manager.hpp"

#include "child.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <boost/test/unit_test.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace weir::test {
namespace {

using std::chrono::microseconds;

// A service manager, which reads what it is told.
class Ear {
 public:
  explicit Ear(const std::string& name) : name_(name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof address.sun_path);
    if (name[0] == '@') address.sun_path[0] = '\0';
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    BOOST_REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  }
  ~Ear() {
    ::close(fd_);
    if (name_[0] == '/') std::filesystem::remove(name_);
  }
  Ear(const Ear&) = delete;
  Ear& operator=(const Ear&) = delete;

  // Datagrams on Unix sockets are there when the call of their sender ends.
  std::string heard() const {
    std::array<char, 4096> bytes{};
    const auto size = ::recv(fd_, bytes.data(), bytes.size(), 0);
    return size < 0 ? "(nothing)" : std::string(bytes.data(), static_cast<size_t>(size));
  }

 private:
  std::string name_;
  int fd_;
};

std::string own_name(const std::string& prefix) {
  return prefix + "weir-manager-test-" + std::to_string(::getpid());
}

class Environment {
 public:
  Environment() { Manager::hide(); }
  ~Environment() { Manager::hide(); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  static void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
};

microseconds interval(const std::string& interval, const std::string& process) {
  Environment::set("WATCHDOG_USEC", interval);
  Environment::set("WATCHDOG_PID", process);
  return Manager().watchdog_interval();
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(manager, Environment)

BOOST_AUTO_TEST_CASE(nobody_is_told_without_the_variable) {
  Manager manager;
  BOOST_TEST(!manager.present());
  manager.ready();
  manager.status("x");
}

BOOST_AUTO_TEST_CASE(a_socket_in_the_file_system_and_one_outside_are_told) {
  for (const auto& name : {own_name("/tmp/"), own_name("@")}) {
    const Ear ear(name);
    set("NOTIFY_SOCKET", name);
    Manager manager;
    BOOST_TEST(manager.present());
    manager.ready();
    BOOST_TEST(ear.heard() == "READY=1");
    manager.stopping();
    BOOST_TEST(ear.heard() == "STOPPING=1");
    manager.beat();
    BOOST_TEST(ear.heard() == "WATCHDOG=1");
    manager.main_process(4711);
    BOOST_TEST(ear.heard() == "MAINPID=4711");
    manager.reloading();
    BOOST_TEST(ear.heard().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  }
}

BOOST_AUTO_TEST_CASE(a_status_is_one_line_whatever_it_holds) {
  const Ear ear(own_name("@"));
  set("NOTIFY_SOCKET", own_name("@"));
  Manager().status("two workers\nMAINPID=1");
  BOOST_TEST(ear.heard() == "STATUS=two workers MAINPID=1");
}

BOOST_AUTO_TEST_CASE(a_manager_that_is_gone_does_no_harm) {
  for (const auto& name : {own_name("@gone-"), std::string("vsock:2:1"), std::string("x"),
                           "/" + std::string(200, 'x')}) {
    set("NOTIFY_SOCKET", name);
    Manager manager;
    manager.ready();
    manager.ready();
  }
}

BOOST_AUTO_TEST_CASE(the_watchdog_is_for_the_process_that_is_named_or_for_any) {
  const auto own = std::to_string(::getpid());
  BOOST_TEST((Manager().watchdog_interval() == microseconds(0)));
  BOOST_TEST((interval("30000000", own) == std::chrono::seconds(30)));
  BOOST_TEST((interval("30000000", "") == std::chrono::seconds(30)));
  BOOST_TEST((interval("30000000", "1") == microseconds(0)));
  BOOST_TEST((interval("soon", own) == microseconds(0)));
  BOOST_TEST((interval("-1", own) == microseconds(0)));
  BOOST_TEST((interval("18446744073709551615", own) == std::chrono::hours(24 * 365)));
}

BOOST_AUTO_TEST_CASE(children_know_no_manager_and_a_successor_knows_it) {
  const Ear ear(own_name("@"));
  set("NOTIFY_SOCKET", own_name("@"));
  BOOST_TEST((interval("5000000", std::to_string(::getpid())) == std::chrono::seconds(5)));
  Manager manager;
  Manager::hide();
  BOOST_TEST(in_a_child([] { return std::string(Manager().present() ? "yes" : "no"); }) == "no");
  manager.show();
  BOOST_TEST(in_a_child([] {
               Manager successor;
               successor.ready();
               return std::to_string(successor.watchdog_interval().count());
             }) == "5000000");
  BOOST_TEST(ear.heard() == "READY=1");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
