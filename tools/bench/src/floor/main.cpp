// SPDX-License-Identifier: Apache-2.0
//
// floor PORT ORIGIN: the least that a proxy on epoll can do, a measuring stick and no product.
//
// It relays GET requests and WebSockets from 127.0.0.1:PORT to 127.0.0.1:ORIGIN, checks nothing,
// edits nothing but `Connection: close`, has no timers and knows bodies by Content-Length only. A
// head has to come in one read. What it cannot relay ends both connections. Prints its port when it
// listens; 0 stands for any that is free.
//
// Descriptors are registered once, edge triggered. Small messages leave at the end of the turn,
// bodies from 128 KiB on go through a pipe, all else is sent from where it was received.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr size_t room = 128 * 1024;    // of a read
constexpr uint64_t least_bulk = room;  // what is left of a body that is spliced
constexpr int pipe_size = 256 * 1024;  // bytes
constexpr size_t little = 8192;        // bytes that wait for the end of the turn
constexpr std::string_view closing_field = "Connection: close\r\n";

struct Connection {
  int descriptor = -1;
  bool client = false;
  Connection* other = nullptr;  // for the time of an exchange
  std::string out;              // not sent yet
  uint64_t left = 0;            // of the response's body, upstream side
  bool closes = false;          // the client's, after this response
  bool tunnel = false;
  bool answered = false;  // the response has begun, upstream side
  bool readable = false;  // something was left unread
  bool queued = false;    // among those to be sent at the end of the turn
  bool dead = false;
  std::array<int, 2> pipe{-1, -1};
  size_t piped = 0;
};

int epoll = -1;
sockaddr_in origin{};
std::vector<Connection*> idle;   // to the origin, the last used at the end
std::vector<Connection*> queue;  // with output for the end of the turn
std::vector<Connection*> dead;   // deleted when the turn is over
std::array<char, room> scratch;

void handle_readable(Connection& connection);

Connection* adopt(int descriptor, bool client) {
  auto* const made = new Connection;
  made->descriptor = descriptor;
  made->client = client;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = made;
  epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
  return made;
}

void end(Connection& connection) {
  if (connection.dead) return;
  connection.dead = true;
  close(connection.descriptor);
  if (connection.pipe[0] >= 0) {
    close(connection.pipe[0]);
    close(connection.pipe[1]);
  }
  std::erase(idle, &connection);
  dead.push_back(&connection);
  if (connection.other != nullptr) end(*connection.other);
}

Connection& upstream() {
  if (!idle.empty()) {
    Connection& last = *idle.back();
    idle.pop_back();
    return last;
  }
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  connect(descriptor, reinterpret_cast<sockaddr*>(&origin), sizeof origin);
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return *adopt(descriptor, false);
}

// The exchange is over when the response is sent and nothing is left of it.
void finish_if_over(Connection& client) {
  Connection* const server = client.other;
  if (client.tunnel || server == nullptr || !server->answered || server->left > 0 ||
      server->piped > 0 || !client.out.empty()) {
    return;
  }
  server->other = client.other = nullptr;
  server->answered = false;
  idle.push_back(server);
  if (client.closes) end(client);
}

// Sends what waits. The rest goes when epoll says so.
void flush(Connection& to) {
  if (to.out.empty() || to.dead) return;
  const ssize_t sent = send(to.descriptor, to.out.data(), to.out.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return end(to);
  if (sent > 0) to.out.erase(0, static_cast<size_t>(sent));
}

void put(Connection& to, std::string_view bytes) {
  if (to.out.empty() && bytes.size() >= little) {
    const ssize_t sent = send(to.descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return end(to);
    bytes.remove_prefix(sent > 0 ? static_cast<size_t>(sent) : 0);
  }
  if (bytes.empty()) return;
  to.out.append(bytes);
  if (to.queued || bytes.size() >= little) return;
  to.queued = true;
  queue.push_back(&to);
}

// From the origin through a pipe to the client, until one of them has to be waited for.
void splice_on(Connection& from) {
  Connection& to = *from.other;
  if (from.pipe[0] < 0) {
    if (pipe2(from.pipe.data(), O_NONBLOCK | O_CLOEXEC) != 0) return end(from);
    fcntl(from.pipe[1], F_SETPIPE_SZ, pipe_size);
  }
  for (;;) {
    if (from.piped > 0) {
      const ssize_t sent = splice(from.pipe[0], nullptr, to.descriptor, nullptr, from.piped,
                                  SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
      if (sent < 0) return errno == EAGAIN ? void() : end(from);
      from.piped -= static_cast<size_t>(sent);
      if (from.piped > 0) continue;
    }
    if (from.left == 0) return finish_if_over(to);
    const ssize_t got = splice(from.descriptor, nullptr, from.pipe[1], nullptr, from.left,
                               SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (got < 0 && errno == EAGAIN) from.readable = false;
    if (got <= 0) return got < 0 && errno == EAGAIN ? void() : end(from);
    from.piped += static_cast<size_t>(got);
    from.left -= static_cast<size_t>(got);
  }
}

void take_request(Connection& client, std::string_view bytes) {
  if (client.other != nullptr || !bytes.ends_with("\r\n\r\n")) return end(client);
  Connection& server = upstream();
  client.other = &server;
  server.other = &client;
  const size_t at = bytes.find(closing_field);
  client.closes = at != std::string_view::npos;
  if (!client.closes) return put(server, bytes);
  std::string edited(bytes);
  put(server, edited.erase(at, closing_field.size()));
}

void take_response(Connection& server, std::string_view bytes) {
  Connection& client = *server.other;
  if (server.left > 0) {
    server.left -= std::min<uint64_t>(server.left, bytes.size());
  } else {
    server.answered = true;
    const size_t head = bytes.find("\r\n\r\n") + 4;
    const size_t length = bytes.substr(0, head).find("Content-Length: ");
    server.tunnel = client.tunnel = bytes.starts_with("HTTP/1.1 101");
    if (!server.tunnel && length >= head) return end(server);
    const uint64_t body =
        server.tunnel ? 0 : std::strtoull(bytes.data() + length + 16, nullptr, 10);
    server.left = body - std::min<uint64_t>(body, bytes.size() - head);
  }
  put(client, bytes);
  if (!client.dead && !client.queued) finish_if_over(client);
}

void handle_readable(Connection& from) {
  while (from.readable && !from.dead) {
    Connection* const to = from.other;
    if (to != nullptr && !to->out.empty() && to->out.size() >= little) return;
    if (from.left >= least_bulk || from.piped > 0) return splice_on(from);
    const ssize_t got = recv(from.descriptor, scratch.data(), room, 0);
    if (got < 0 && errno == EAGAIN) from.readable = false;
    if (got <= 0) return got < 0 && errno == EAGAIN ? void() : end(from);
    if (static_cast<size_t>(got) < room) from.readable = false;
    const std::string_view bytes(scratch.data(), static_cast<size_t>(got));
    if (from.tunnel) {
      put(*to, bytes);
    } else if (from.client) {
      take_request(from, bytes);
    } else if (to != nullptr) {
      take_response(from, bytes);
    } else {
      return end(from);
    }
  }
}

void handle(Connection& connection, uint32_t events) {
  if (connection.dead) return;
  if ((events & EPOLLOUT) != 0 && !connection.queued) {
    flush(connection);
    Connection* const other = connection.other;
    if (connection.client && other != nullptr && connection.out.empty() && !connection.dead) {
      if (other->readable || other->piped > 0) handle_readable(*other);
      if (!connection.dead) finish_if_over(connection);
    }
  }
  if ((events & (EPOLLIN | EPOLLRDHUP)) != 0) connection.readable = true;
  handle_readable(connection);
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 && !connection.readable) end(connection);
}

void flush_queue() {
  for (size_t i = 0; i < queue.size(); ++i) {
    Connection& to = *queue[i];
    to.queued = false;
    flush(to);
    if (!to.dead && to.client) finish_if_over(to);
  }
  queue.clear();
}

int listen_on(uint16_t port) {
  const int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listening, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // what is accepted inherits it
  sockaddr_in address = origin;
  address.sin_port = htons(port);
  if (bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listening, 4096) != 0) {
    std::perror("floor: listen");
    std::exit(1);
  }
  socklen_t size = sizeof address;
  getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("%u\n", static_cast<unsigned>(ntohs(address.sin_port)));
  std::fflush(stdout);
  return listening;
}

void accept_all(int listening) {
  for (;;) {
    const int descriptor = accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    adopt(descriptor, true);
  }
}

void turn(int listening) {
  static std::array<epoll_event, 256> events;
  const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    if (event.data.ptr == nullptr) {
      accept_all(listening);
    } else {
      handle(*static_cast<Connection*>(event.data.ptr), event.events);
    }
  }
  flush_queue();
  for (Connection* const gone : dead) delete gone;
  dead.clear();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: floor PORT ORIGIN\n", stderr);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  origin.sin_family = AF_INET;
  origin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  origin.sin_port = htons(static_cast<uint16_t>(std::atoi(argv[2])));
  const int listening = listen_on(static_cast<uint16_t>(std::atoi(argv[1])));
  epoll = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &event);
  for (;;) turn(listening);
}
