// SPDX-License-Identifier: Apache-2.0
//
// What tests of sockets need: a folder of their own, a wait, a connection that stands.
#pragma once

#include "net/listener.hpp"
#include "net/socket.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

#include <boost/test/unit_test.hpp>
#include <poll.h>

class Folder {
 public:
  Folder() {
    std::string pattern = "/tmp/weir-test-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline void wait_for(int fd, short events) {
  pollfd waited{fd, events, 0};
  BOOST_REQUIRE(::poll(&waited, 1, 5000) == 1);
}

struct Connection {
  explicit Connection(const std::string& address = "127.0.0.1:0")
      : listener(std::move(*weir::Listener::open(*weir::Address::parse(address)))),
        client(std::move(*weir::Socket::connect(listener.address()))) {
    wait_for(listener.fd(), POLLIN);
    auto accepted = listener.accept();
    BOOST_REQUIRE(accepted.has_value());
    server = std::move(accepted->socket);
    peer = accepted->peer;
    wait_for(client.fd(), POLLOUT);
    BOOST_REQUIRE(client.poco().impl()->socketError() == 0);
  }
  weir::Listener listener;
  weir::Socket client;
  weir::Socket server;
  weir::Address peer;
};
