// SPDX-License-Identifier: Apache-2.0
//
// origin PORT: the HTTP/1.1 server behind the proxies under test, on 127.0.0.1, one thread. Prints
// its port when it listens; 0 stands for any that is free.
// Pages are in pages.hpp; a WebSocket handshake on any path begins an echo.
#include "connection.hpp"
#include "pages.hpp"

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using bench::Connection;
using bench::Pages;

void raise_file_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int listen_on(uint16_t port) {
  const int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listening, 4096) != 0) {
    std::perror("origin: listen");
    std::exit(1);
  }
  return listening;
}

class Server {
 public:
  explicit Server(uint16_t port)
      : epoll_(epoll_create1(EPOLL_CLOEXEC)), listening_(listen_on(port)) {
    watch(listening_, EPOLLIN);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    std::printf("%u\n", static_cast<unsigned>(ntohs(address.sin_port)));
    std::fflush(stdout);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events{};
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) handle(events[static_cast<size_t>(i)]);
    }
  }

 private:
  int epoll_;
  int listening_;
  Pages pages_;
  std::vector<std::unique_ptr<Connection>> connections_;  // by descriptor

  void watch(int descriptor, uint32_t what) const {
    epoll_event event{};
    event.events = what;
    event.data.fd = descriptor;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
  }

  void handle(const epoll_event& event) {
    if (event.data.fd == listening_) {
      accept_all();
      return;
    }
    auto& connection = connections_[static_cast<size_t>(event.data.fd)];
    if (connection && !connection->on_event(event.events)) connection.reset();
  }

  void accept_all() {
    for (;;) {
      const int descriptor = accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (descriptor < 0) return;
      const int on = 1;
      setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const auto index = static_cast<size_t>(descriptor);
      if (connections_.size() <= index) connections_.resize(index + 256);
      connections_[index] = std::make_unique<Connection>(descriptor, pages_);
      watch(descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: origin PORT\n", stderr);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  Server(static_cast<uint16_t>(std::atoi(argv[1]))).run();
}
