// SPDX-License-Identifier: Apache-2.0
#include "supervise/sockets.hpp"

#include "net/address.hpp"
#include "net/listener.hpp"
#include "net/net_world.hpp"

#include <filesystem>
#include <string>

#include <boost/test/unit_test.hpp>

using weir::Address;
using weir::Listener;
using weir::Sockets;

namespace {

Address address(const std::string& text) { return *Address::parse(text); }

// Where the socket listens that the holder is given.
std::string given(Sockets& sockets, const std::string& asked, uint64_t holder) {
  auto socket = sockets.give(address(asked), holder);
  BOOST_REQUIRE(socket.has_value());
  return Listener::adopt(socket->release())->address().to_string();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sockets)

BOOST_AUTO_TEST_CASE(who_asks_again_gets_another_and_its_successor_the_same) {
  Sockets sockets;
  const auto first = given(sockets, "127.0.0.1:0", 1);
  const auto second = given(sockets, "127.0.0.1:0", 1);
  BOOST_TEST(first != second);
  BOOST_TEST(given(sockets, "127.0.0.1:0", 2) == first);  // at the same time
  sockets.forget(1);
  BOOST_TEST(given(sockets, "127.0.0.1:0", 3) == first);
  BOOST_TEST(given(sockets, "127.0.0.1:0", 3) == second);
  BOOST_TEST(sockets.all().size() == 2);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_opened_is_told_and_not_kept) {
  Sockets sockets;
  const auto taken = Listener::open(address("127.0.0.1:0"));
  const auto failed = sockets.give(taken->address(), 1);
  BOOST_TEST(failed.error().text == "cannot listen on " + taken->address().to_string() +
                                        ": address already in use; another process listens there");
  BOOST_TEST(sockets.all().empty());
}

BOOST_AUTO_TEST_CASE(the_last_holder_releases_it) {
  Sockets sockets;
  const auto bound = given(sockets, "127.0.0.1:0", 1);
  given(sockets, "127.0.0.1:0", 2);
  sockets.release(address("127.0.0.1:0"), 1);
  sockets.close_unheld();
  BOOST_TEST(!Listener::open(address(bound)).has_value());
  sockets.release(address(bound), 2);  // by the name that it got
  sockets.release(address(bound), 2);
  sockets.close_unheld();
  BOOST_TEST(Listener::open(address(bound)).has_value());
}

BOOST_AUTO_TEST_CASE(the_file_of_a_socket_goes_with_it_but_not_that_of_another) {
  const Folder folder;
  const std::string path = folder.path("a.sock");
  Sockets sockets;
  given(sockets, "unix:" + path, 1);
  sockets.close_all();
  BOOST_TEST(std::filesystem::exists(path));
  auto another = Listener::open(address("unix:" + path));  // the file is stale by now
  BOOST_REQUIRE(another.has_value());
  sockets.remove_files();
  BOOST_TEST(std::filesystem::exists(path));

  Sockets own;
  given(own, "unix:" + folder.path("b.sock"), 1);
  own.close_all();
  own.remove_files();
  BOOST_TEST(!std::filesystem::exists(folder.path("b.sock")));
  BOOST_TEST(!own.give(address("unix:" + path), 1).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
