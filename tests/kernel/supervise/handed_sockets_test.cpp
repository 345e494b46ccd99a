// SPDX-License-Identifier: Apache-2.0
#include "supervise/handed_sockets.hpp"

#include "child.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weir::test {
namespace {

Address parse(const std::string& text) { return *Address::parse(text); }

std::string told(const HandedSockets& sockets) {
  std::string text;
  for (const auto& held : sockets.left()) {
    text += held.name + " " + held.listener.address().host() + "\n";
  }
  for (const auto& mistake : sockets.mistakes()) text += mistake + "\n";
  return text;
}

// As a service manager starts a process: these descriptors become 3, 4, ... of a child.
std::string started_with(const std::vector<int>& given, const std::string& names,
                         const std::function<std::string(HandedSockets&)>& then) {
  return in_a_child([&] {
    std::vector<int> high;
    for (const int fd : given) high.push_back(::fcntl(fd, F_DUPFD, 100));
    for (int i = 0; i < int(high.size()); ++i) ::dup2(high[i], 3 + i);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::setenv("LISTEN_FDS", std::to_string(given.size()).c_str(), 1);
    if (!names.empty()) ::setenv("LISTEN_FDNAMES", names.c_str(), 1);
    auto sockets = HandedSockets::take();
    return then(sockets);
  });
}

std::string with_variables(const std::string& process, const std::string& number) {
  return in_a_child([&] {
    ::setenv("LISTEN_PID", process.empty() ? std::to_string(::getpid()).c_str() : process.c_str(),
             1);
    ::setenv("LISTEN_FDS", number.c_str(), 1);
    const auto sockets = HandedSockets::take();
    const bool gone = ::getenv("LISTEN_PID") == nullptr && ::getenv("LISTEN_FDS") == nullptr;
    return told(sockets) + (gone ? "" : "variables are left\n");
  });
}

int listening(int family, int type = SOCK_STREAM) {
  const int fd = ::socket(family, type | SOCK_CLOEXEC, 0);
  const int both = 0;
  if (family == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof both);
  sockaddr_storage any{};
  any.ss_family = static_cast<sa_family_t>(family);
  const socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  BOOST_REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&any), size) == 0);
  if (type == SOCK_STREAM) BOOST_REQUIRE(::listen(fd, 5) == 0);
  return fd;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(handed_sockets)

BOOST_AUTO_TEST_CASE(nothing_is_handed_over_without_variables) {
  BOOST_TEST(told(HandedSockets::take()) == "");
}

BOOST_AUTO_TEST_CASE(sockets_are_found_by_address_and_no_child_inherits_them) {
  const auto first = *Listener::open(parse("127.0.0.1:0"));
  const auto second = *Listener::open(parse("[::1]:0"));
  const auto third = *Listener::open(parse("unix:/tmp/weir-handed-" + std::to_string(::getpid())));
  const auto text = started_with(
      {first.fd(), second.fd(), third.fd()}, "one::three", [&](HandedSockets& sockets) {
        std::string found = told(sockets);
        const auto two = sockets.give(second.address());
        found += two && two->address() == second.address() ? "found\n" : "lost\n";
        found += sockets.give(second.address()) ? "twice\n" : "once\n";
        found += sockets.give(parse("127.0.0.1:1")) ? "another\n" : "no other\n";
        found +=
            two && two->fd() == 4 && ::fcntl(4, F_GETFD) == FD_CLOEXEC ? "close on exec\n" : "";
        return found + told(sockets);
      });
  const auto path = std::string(third.address().path());
  BOOST_TEST(text == "one 127.0.0.1\nunknown ::1\nthree " + path +
                         "\n"
                         "found\nonce\nno other\nclose on exec\n"
                         "one 127.0.0.1\nthree " +
                         path + "\n");
  ::unlink(path.c_str());
}

BOOST_AUTO_TEST_CASE(a_port_on_both_families_is_the_address_without_host) {
  const int both = listening(AF_INET6);
  const auto port = std::to_string(Listener::adopt(::dup(both))->address().port());
  const auto ipv6_only = *Listener::open(parse("[::]:0"));
  const auto text = started_with({both, ipv6_only.fd()}, "", [&](HandedSockets& sockets) {
    std::string found = sockets.give(parse("[::]:" + port)) ? "as IPv6 only\n" : "";
    found += sockets.give(parse("0.0.0.0:" + port)) ? "as IPv4\n" : "";
    const auto any = sockets.left()[1].listener.address().port();
    found += sockets.give(parse(":" + std::to_string(any))) ? "IPv6 only as both\n" : "";
    found += sockets.give(parse(":" + port)) ? "both\n" : "";
    found += sockets.give(ipv6_only.address()) ? "IPv6 only\n" : "";
    return found;
  });
  BOOST_TEST(text == "both\nIPv6 only\n");
  ::close(both);
}

BOOST_AUTO_TEST_CASE(without_ipv6_every_ipv4_address_is_the_address_without_host) {
  const int fd = listening(AF_INET);
  const auto port = std::to_string(Listener::adopt(::dup(fd))->address().port());
  BOOST_TEST(started_with({fd}, "", [&](HandedSockets& sockets) {
               const auto given = sockets.give(parse(":" + port));
               return given ? given->address().to_string() : "lost";
             }) == "0.0.0.0:" + port);
  ::close(fd);
}

BOOST_AUTO_TEST_CASE(what_is_no_listening_socket_is_told_and_closed) {
  const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int datagrams = listening(AF_INET, SOCK_DGRAM);
  const int idle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto good = *Listener::open(parse("127.0.0.1:0"));
  const auto text =
      started_with({file, datagrams, idle, good.fd()}, "a:b:c:d", [](HandedSockets& sockets) {
        std::string found = told(sockets);
        for (const int fd : {3, 4, 5, 6}) found += ::fcntl(fd, F_GETFD) < 0 ? "closed " : "open ";
        return found;
      });
  const std::string manager = " of the service manager: ";
  BOOST_TEST(text ==
             "d 127.0.0.1\n"
             "socket \"a\" (descriptor 3)" +
                 manager +
                 "it is no stream socket; in its unit, write ListenStream=\n"
                 "socket \"b\" (descriptor 4)" +
                 manager +
                 "it is no stream socket; in its unit, write ListenStream=\n"
                 "socket \"c\" (descriptor 5)" +
                 manager +
                 "it does not listen; in its unit, write Accept=no\n"
                 "closed closed closed open ");
  for (const int fd : {file, datagrams, idle}) ::close(fd);
}

BOOST_AUTO_TEST_CASE(variables_for_another_process_or_without_sense_are_told_and_removed) {
  BOOST_TEST(with_variables("1", "1").starts_with("LISTEN_PID is 1, and this is process "));
  BOOST_TEST(with_variables("", "many") ==
             "LISTEN_FDS is \"many\", which is no number up to 1024\n");
  BOOST_TEST(with_variables("", "-1") == "LISTEN_FDS is \"-1\", which is no number up to 1024\n");
  BOOST_TEST(with_variables("", "0") == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
