// SPDX-License-Identifier: Apache-2.0
#include "supervise/channel.hpp"

#include "net/address.hpp"
#include "net/listener.hpp"

#include <cstring>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

using weir::Channel;
using weir::Descriptor;
using weir::Message;
using Kind = weir::Message::Kind;

namespace {

Channel::Ends pair() { return std::move(*Channel::pair()); }

// The next whole message, while `from` sends what it could not yet.
Message next(Channel& to, Channel& from) {
  for (int i = 0; i < 10'000; ++i) {
    if (auto got = to.receive()) return std::move(*got);
    BOOST_REQUIRE(!to.ended());
    from.flush();
  }
  throw std::runtime_error("no message");
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

}  // namespace

BOOST_AUTO_TEST_SUITE(channel)

BOOST_AUTO_TEST_CASE(messages_arrive_as_they_were_and_in_order) {
  auto [here, there] = pair();
  here.send({Kind::done, false, 7, "weir.toml:3: wrong"});
  here.send({.kind = Kind::ready});
  const Message first = next(there, here);
  BOOST_TEST((first.kind == Kind::done && !first.good && first.order == 7));
  BOOST_TEST(first.text == "weir.toml:3: wrong");
  BOOST_TEST(!first.fd);
  const Message second = next(there, here);
  BOOST_TEST((second.kind == Kind::ready && second.good && second.text.empty()));
  BOOST_TEST(!there.receive());
  BOOST_TEST(!there.ended());
}

BOOST_AUTO_TEST_CASE(a_text_of_any_length_arrives_whole) {
  for (const size_t length :
       {size_t{0}, size_t{1}, size_t{16383}, size_t{16384}, size_t{16385}, size_t{5'000'000}}) {
    auto [here, there] = pair();
    std::string text(length, 'a');
    for (size_t i = 0; i < length; ++i) text[i] = static_cast<char>('a' + i % 23);
    here.send({Kind::told, true, 1, text});
    BOOST_TEST((next(there, here).text == text));
  }
}

BOOST_AUTO_TEST_CASE(a_beat_does_not_break_a_long_text) {
  auto [here, there] = pair();
  const std::string text(40'000, 'x');
  here.send({Kind::status, true, 0, text});
  here.beat();
  here.send({Kind::status, true, 0, text});
  std::vector<Kind> kinds;
  for (int i = 0; i < 3; ++i) {
    const Message message = next(there, here);
    kinds.push_back(message.kind);
    if (message.kind == Kind::status) BOOST_TEST((message.text == text));
  }
  BOOST_TEST((kinds == std::vector{Kind::status, Kind::beat, Kind::status}));
}

BOOST_AUTO_TEST_CASE(a_socket_goes_along_and_is_closed_on_exec) {
  auto listener = weir::Listener::open(*weir::Address::parse("127.0.0.1:0"));
  auto [here, there] = pair();
  here.send({Kind::reply, true, 0, "", Descriptor(::dup(listener->fd()))});
  Message got = next(there, here);
  BOOST_REQUIRE(got.fd);
  BOOST_TEST(::fcntl(got.fd.get(), F_GETFD) == FD_CLOEXEC);
  const auto adopted = weir::Listener::adopt(got.fd.release(), listener->address());
  BOOST_REQUIRE(adopted.has_value());
  BOOST_TEST(adopted->address().to_string() == listener->address().to_string());
}

BOOST_AUTO_TEST_CASE(what_nobody_takes_is_closed) {
  auto [here, there] = pair();
  int number = -1;
  {
    here.send({Kind::reply, true, 0, "", Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC))});
    const Message got = next(there, here);
    number = got.fd.get();
    BOOST_TEST(is_open(number));
  }
  BOOST_TEST(!is_open(number));
}

BOOST_AUTO_TEST_CASE(the_end_of_the_other_side_is_seen_behind_its_last_words) {
  auto [here, there] = pair();
  here.send({.kind = Kind::ready});
  here = Channel(Descriptor());
  BOOST_TEST((there.receive()->kind == Kind::ready));
  BOOST_TEST(!there.receive());
  BOOST_TEST(there.ended());
  there.send({.kind = Kind::ready});  // and sending does no harm
}

BOOST_AUTO_TEST_CASE(what_is_no_message_ends_the_channel) {
  const std::vector<std::string> wrong{
      std::string(1, 'x'),                                    // no whole head
      std::string("\xff\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0", 16),  // no such kind
      std::string("\3\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0", 16) + std::string(20'000, 'y')};  // too long
  for (const std::string& bytes : wrong) {
    auto [here, there] = pair();
    BOOST_REQUIRE(::send(here.fd(), bytes.data(), bytes.size(), 0) > 0);
    BOOST_TEST(!there.receive());
    BOOST_TEST(there.ended());
  }
}

BOOST_AUTO_TEST_CASE(a_text_without_end_ends_the_channel) {
  auto [here, there] = pair();
  std::string packet("\3\0\0\0\1\0\1\0\0\0\0\0\0\0\0\0", 16);  // status, and more to come
  packet.resize(packet.size() + (16 << 10), 'x');
  for (size_t sent = 0; !there.ended(); sent += packet.size()) {
    BOOST_REQUIRE(sent < 2 * Channel::longest_text);
    BOOST_REQUIRE(::send(here.fd(), packet.data(), packet.size(), 0) > 0);
    BOOST_TEST(!there.receive());
  }
}

BOOST_AUTO_TEST_CASE(who_does_not_read_makes_messages_wait) {
  auto [here, there] = pair();
  const std::string text(10'000, 'z');
  for (uint64_t i = 0; i < 200; ++i) here.send({Kind::answer, true, i, text});
  for (uint64_t i = 0; i < 200; ++i) BOOST_TEST(next(there, here).order == i);
}

BOOST_AUTO_TEST_SUITE_END()
