// SPDX-License-Identifier: Apache-2.0
#include "net/socket.hpp"

#include "net/listener.hpp"
#include "net_world.hpp"

#include <array>
#include <cerrno>
#include <string>

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

using weir::Address;
using weir::IoResult;
using weir::Listener;
using weir::Socket;

namespace {

std::string received(Socket& socket) {
  std::array<char, 256> buffer{};
  wait_for(socket.fd(), POLLIN);
  const auto result = socket.receive(buffer);
  BOOST_TEST(result.status == IoResult::ok);
  return {buffer.data(), result.n};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sockets)

BOOST_AUTO_TEST_CASE(bytes_travel_both_ways_over_every_family) {
  const Folder folder;
  for (const std::string& text :
       {std::string("127.0.0.1:0"), std::string("[::1]:0"), "unix:" + folder.path("s")}) {
    Connection pair(text);
    BOOST_TEST(pair.client.send("hello").n == 5u);
    BOOST_TEST(received(pair.server) == "hello");
    std::array<iovec, 2> pieces = {iovec{const_cast<char*>("wor"), 3},
                                   {const_cast<char*>("ld"), 2}};
    BOOST_TEST(pair.server.send(pieces).n == 5u);
    BOOST_TEST(received(pair.client) == "world");
    BOOST_TEST((pair.client.peer().family() == pair.listener.address().family()));
    BOOST_TEST((pair.server.peer() == pair.client.local()));
    BOOST_TEST((pair.peer == pair.client.local()));
  }
}

BOOST_AUTO_TEST_CASE(nothing_to_read_is_again_and_the_end_is_eof) {
  Connection pair;
  std::array<char, 16> buffer{};
  BOOST_TEST(pair.server.receive(buffer).status == IoResult::again);
  pair.client.shutdown_write();
  wait_for(pair.server.fd(), POLLIN);
  BOOST_TEST(pair.server.receive(buffer).status == IoResult::eof);
  BOOST_TEST(pair.server.send("still").n == 5u);
  BOOST_TEST(received(pair.client) == "still");
}

BOOST_AUTO_TEST_CASE(a_full_peer_is_again) {
  Connection pair;
  const std::string block(1 << 20, 'x');
  IoResult result{IoResult::ok, 0, 0};
  for (int i = 0; i < 100 && result.status == IoResult::ok; ++i) result = pair.client.send(block);
  BOOST_TEST(result.status == IoResult::again);
}

BOOST_AUTO_TEST_CASE(sending_to_the_gone_is_an_error_and_no_signal) {
  Connection pair;
  pair.server.reset();
  BOOST_TEST(!pair.server.open());
  wait_for(pair.client.fd(), POLLIN);
  std::array<char, 16> buffer{};
  const auto result = pair.client.receive(buffer);
  BOOST_TEST(result.status == IoResult::error);
  BOOST_TEST(result.reason == ECONNRESET);
  BOOST_TEST(pair.client.send("x").status == IoResult::error);
  BOOST_TEST(pair.client.send("x").reason == EPIPE);
}

BOOST_AUTO_TEST_CASE(files_are_sent_from_an_offset_and_their_end_is_told) {
  const Folder folder;
  const int file = ::open(folder.path("f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  BOOST_TEST(::write(file, "0123456789", 10) == 10);
  Connection pair;
  BOOST_TEST(pair.server.send_file(file, 4, 3).n == 3u);
  BOOST_TEST(received(pair.client) == "456");
  BOOST_TEST(pair.server.send_file(file, 8, 100).n == 2u);
  BOOST_TEST(pair.server.send_file(file, 10, 100).status == IoResult::eof);
  ::close(file);
}

BOOST_AUTO_TEST_CASE(a_refused_connection_tells_its_reason) {
  Address nobody;
  {
    auto listener = Listener::open(*Address::parse("127.0.0.1:0"));
    nobody = listener->address();
  }
  auto socket = Socket::connect(nobody);
  int reason = ECONNREFUSED;
  if (socket) {
    wait_for(socket->fd(), POLLOUT);
    reason = socket->send("x").reason;
  }
  BOOST_TEST(reason == ECONNREFUSED);
  const auto missing = Socket::connect(*Address::parse("unix:/nonexistent/s"));
  BOOST_REQUIRE(!missing);
  BOOST_TEST(missing.error().text ==
             "cannot connect to unix:/nonexistent/s: No such file or directory");
}

BOOST_AUTO_TEST_CASE(descriptors_do_not_block_and_do_not_reach_children) {
  Connection pair;
  for (const Socket* socket : {&pair.client, &pair.server}) {
    BOOST_TEST((::fcntl(socket->fd(), F_GETFL) & O_NONBLOCK) != 0);
    BOOST_TEST((::fcntl(socket->fd(), F_GETFD) & FD_CLOEXEC) != 0);
  }
  BOOST_TEST((::fcntl(pair.listener.fd(), F_GETFD) & FD_CLOEXEC) != 0);
}

BOOST_AUTO_TEST_CASE(moving_moves_the_descriptor_and_the_end_closes_it) {
  Connection pair;
  const int fd = pair.server.fd();
  {
    const Socket moved = std::move(pair.server);
    BOOST_TEST(moved.fd() == fd);
    BOOST_TEST(moved.poco().impl()->sockfd() == fd);
  }
  BOOST_TEST(::fcntl(fd, F_GETFD) == -1);
}

BOOST_AUTO_TEST_SUITE_END()
