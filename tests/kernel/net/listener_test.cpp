// SPDX-License-Identifier: Apache-2.0
#include "net/listener.hpp"

#include "net_world.hpp"

#include <cerrno>
#include <fstream>
#include <string>

#include <boost/test/unit_test.hpp>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using weir::Address;
using weir::Listener;
using weir::Socket;

namespace {

std::string refusal(const std::string& address) {
  const auto listener = Listener::open(*Address::parse(address));
  BOOST_REQUIRE(!listener);
  return listener.error().text;
}

bool connects(const Address& address) {
  auto socket = Socket::connect(address);
  if (!socket) return false;
  wait_for(socket->fd(), POLLOUT);
  return socket->poco().impl()->socketError() == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(listener)

BOOST_AUTO_TEST_CASE(an_address_without_host_takes_both_families) {
  auto listener = Listener::open(*Address::parse(":0"));
  BOOST_REQUIRE(listener.has_value());
  const auto port = std::to_string(listener->address().port());
  BOOST_TEST(listener->address().to_string() == ":" + port);
  BOOST_TEST(connects(*Address::parse("127.0.0.1:" + port)));
  BOOST_TEST(connects(*Address::parse("[::1]:" + port)));
  BOOST_TEST(listener->accept()->peer.host() == "127.0.0.1");
  BOOST_TEST(listener->accept()->peer.host() == "::1");
  BOOST_TEST(listener->accept().error() == EAGAIN);
}

BOOST_AUTO_TEST_CASE(an_ipv6_address_takes_ipv6_only) {
  auto listener = Listener::open(*Address::parse("[::]:0"));
  BOOST_REQUIRE(listener.has_value());
  const auto port = std::to_string(listener->address().port());
  BOOST_TEST(connects(*Address::parse("[::1]:" + port)));
  BOOST_TEST(!connects(*Address::parse("127.0.0.1:" + port)));
}

BOOST_AUTO_TEST_CASE(a_port_in_use_is_told_in_a_sentence) {
  const auto first = Listener::open(*Address::parse("127.0.0.1:0"));
  const auto address = first->address().to_string();
  BOOST_TEST(refusal(address) == "cannot listen on " + address +
                                     ": address already in use; another process listens there");
}

BOOST_AUTO_TEST_CASE(a_foreign_address_is_told_in_a_sentence) {
  BOOST_TEST(refusal("192.0.2.1:0") ==
             "cannot listen on 192.0.2.1:0: cannot assign requested address; no interface of this "
             "machine has it");
  BOOST_TEST(refusal("unix:/nonexistent/s") ==
             "cannot listen on unix:/nonexistent/s: no such file or directory; the folder must "
             "exist");
}

BOOST_AUTO_TEST_CASE(a_stale_socket_file_is_replaced_and_no_other) {
  const Folder folder;
  const auto address = *Address::parse("unix:" + folder.path("s"));
  { BOOST_TEST(Listener::open(address).has_value()); }
  BOOST_TEST(std::filesystem::exists(folder.path("s")));
  auto listener = Listener::open(address);
  BOOST_REQUIRE(listener.has_value());
  BOOST_TEST(refusal(address.to_string()) ==
             "cannot listen on " + address.to_string() +
                 ": address already in use; another process listens there");
  BOOST_TEST(connects(address));
  listener->remove_file();
  BOOST_TEST(!std::filesystem::exists(folder.path("s")));

  std::ofstream(folder.path("file")) << "precious";
  BOOST_TEST(!Listener::open(*Address::parse("unix:" + folder.path("file"))));
  BOOST_TEST(std::filesystem::file_size(folder.path("file")) == 8u);
}

BOOST_AUTO_TEST_CASE(a_listening_socket_can_be_taken_over) {
  auto first = Listener::open(*Address::parse("127.0.0.1:0"));
  const auto address = first->address();
  auto second = Listener::adopt(::dup(first->fd()));
  BOOST_REQUIRE(second.has_value());
  BOOST_TEST((second->address() == address));
  BOOST_TEST(connects(address));
  BOOST_TEST(second->accept().has_value());
  BOOST_TEST(!Listener::adopt(0));
}

BOOST_AUTO_TEST_CASE(a_listener_taken_over_has_the_address_it_was_opened_with) {
  const Folder folder;
  for (const std::string text : {":0", "[::]:0", "[::1]:0", "0.0.0.0:0", "127.0.0.1:0"}) {
    const auto opened = Listener::open(*Address::parse(text));
    const auto adopted = Listener::adopt(::dup(opened->fd()));
    BOOST_TEST(adopted->address().to_string() == opened->address().to_string());
    BOOST_TEST((adopted->address() == opened->address()));
  }
  const auto opened = Listener::open(*Address::parse("unix:" + folder.path("s")));
  BOOST_TEST((Listener::adopt(::dup(opened->fd()))->address() == opened->address()));
}

BOOST_AUTO_TEST_CASE(a_privileged_port_needs_a_capability) {
  if (::geteuid() != 0) return;
  const auto child = ::fork();
  if (child == 0) {
    const bool unprivileged = ::setuid(65534) == 0;
    const auto listener = Listener::open(*Address::parse("127.0.0.1:79"));
    const bool told = !listener && listener.error().text ==
                                       "cannot listen on 127.0.0.1:79: permission denied; ports "
                                       "below 1024 need CAP_NET_BIND_SERVICE";
    // A machine may let everyone bind low ports.
    ::_exit(unprivileged && (told || listener) ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  BOOST_TEST(status == 0);
}

// The socket filter that did it before is for CAP_NET_ADMIN alone on some kernels.
BOOST_AUTO_TEST_CASE(without_privileges_the_door_is_shut_and_the_queue_is_kept) {
  for (const char* text : {"127.0.0.1:0", "[::1]:0", ":0"}) {
    const auto child = ::fork();
    if (child == 0) {
      if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(1);
      auto listener = Listener::open(*Address::parse(text));
      const auto to = *Address::parse((text[0] == '1' ? "127.0.0.1:" : "[::1]:") +
                                      std::to_string(listener->address().port()));
      const bool before = connects(to);
      listener->shut_door();
      const bool after = connects(to);
      auto accepted = listener->accept();
      ::_exit(before && !after && accepted && listener->accept().error() == EAGAIN ? 0 : 2);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    BOOST_TEST(status == 0);
  }
}

BOOST_AUTO_TEST_SUITE_END()
