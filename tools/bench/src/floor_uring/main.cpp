// SPDX-License-Identifier: Apache-2.0
//
// floor_uring PORT ORIGIN BUFFER: the relay of src/floor on io_uring, the same measuring stick.
//
// Accepts and receives are multishot, into provided buffers of BUFFER bytes; what was received is
// sent from there, one send at a time for each connection, with all that waits in it. Everything of
// a turn is submitted by the call that waits for the next.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr unsigned entries = 4096;
constexpr unsigned buffers = 256;
constexpr size_t most_pieces = 16;  // of one send
constexpr std::string_view closing_field = "Connection: close\r\n";

enum Operation : uintptr_t { accepting, receiving, sending, cancelling };  // beside the pointer

struct Piece {
  unsigned buffer;
  std::string_view bytes;
};

struct Connection {
  int descriptor = -1;
  bool client = false;
  Connection* other = nullptr;  // for the time of an exchange
  uint64_t left = 0;            // of the response's body, upstream side
  bool closes = false;          // the client's, after this response
  bool tunnel = false;
  bool receives = false;  // an operation is on its way
  bool ended = false;
  size_t sends = 0;           // pieces in the operation on its way
  std::vector<Piece> pieces;  // these and what waits
  std::array<iovec, most_pieces> vectors{};
  msghdr message{};
};

io_uring ring;
io_uring_buf_ring* provided;
std::unique_ptr<char[]> memory;
size_t buffer_size;
sockaddr_in origin{};
std::vector<Connection*> idle;      // to the origin, the last used at the end
std::vector<Connection*> starving;  // for want of buffers

io_uring_sqe* next_entry() {
  io_uring_sqe* entry = io_uring_get_sqe(&ring);
  if (entry == nullptr) {
    io_uring_submit(&ring);
    entry = io_uring_get_sqe(&ring);
  }
  return entry;
}

void tag(io_uring_sqe* entry, Connection* connection, Operation operation) {
  io_uring_sqe_set_data64(entry, reinterpret_cast<uintptr_t>(connection) | operation);
}

void arm(Connection& connection) {
  io_uring_sqe* const entry = next_entry();
  io_uring_prep_recv_multishot(entry, connection.descriptor, nullptr, 0, 0);
  entry->flags |= IOSQE_BUFFER_SELECT;
  entry->ioprio |= IORING_RECVSEND_POLL_FIRST;
  tag(entry, &connection, receiving);
  connection.receives = true;
}

void give_back(unsigned buffer) {
  io_uring_buf_ring_add(provided, memory.get() + buffer * buffer_size,
                        static_cast<unsigned>(buffer_size), static_cast<uint16_t>(buffer),
                        io_uring_buf_ring_mask(buffers), 0);
  io_uring_buf_ring_advance(provided, 1);
}

Connection* adopt(int descriptor, bool client) {
  auto* const made = new Connection;
  made->descriptor = descriptor;
  made->client = client;
  arm(*made);
  return made;
}

void destroy_if_unused(Connection& connection) {
  if (!connection.ended || connection.receives || connection.sends > 0) return;
  for (const Piece& piece : connection.pieces) give_back(piece.buffer);
  close(connection.descriptor);
  std::erase(starving, &connection);
  delete &connection;
}

void end(Connection& connection) {
  if (connection.ended) return;
  connection.ended = true;
  std::erase(idle, &connection);
  if (connection.receives) {
    io_uring_sqe* const entry = next_entry();
    io_uring_prep_cancel64(entry, reinterpret_cast<uintptr_t>(&connection) | receiving, 0);
    tag(entry, nullptr, cancelling);
  }
  if (Connection* const other = std::exchange(connection.other, nullptr)) {
    other->other = nullptr;
    end(*other);
  }
  destroy_if_unused(connection);
}

Connection& upstream() {
  if (!idle.empty()) {
    Connection& last = *idle.back();
    idle.pop_back();
    return last;
  }
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  connect(descriptor, reinterpret_cast<sockaddr*>(&origin), sizeof origin);
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return *adopt(descriptor, false);
}

void send_waiting(Connection& to) {
  if (to.sends > 0 || to.pieces.empty() || to.ended) return;
  to.sends = std::min(to.pieces.size(), most_pieces);
  io_uring_sqe* const entry = next_entry();
  if (to.sends == 1) {
    const std::string_view bytes = to.pieces.front().bytes;
    io_uring_prep_send(entry, to.descriptor, bytes.data(), bytes.size(),
                       MSG_NOSIGNAL | MSG_WAITALL);
  } else {
    for (size_t i = 0; i < to.sends; ++i) {
      const std::string_view bytes = to.pieces[i].bytes;
      to.vectors[i] = {const_cast<char*>(bytes.data()), bytes.size()};
    }
    to.message.msg_iov = to.vectors.data();
    to.message.msg_iovlen = to.sends;
    io_uring_prep_sendmsg(entry, to.descriptor, &to.message, MSG_NOSIGNAL | MSG_WAITALL);
  }
  tag(entry, &to, sending);
}

void put(Connection& to, const Piece& piece) {
  to.pieces.push_back(piece);
  send_waiting(to);
}

void take_request(Connection& client, Piece piece) {
  if (client.other != nullptr || !piece.bytes.ends_with("\r\n\r\n")) {
    give_back(piece.buffer);
    return end(client);
  }
  const size_t at = piece.bytes.find(closing_field);
  client.closes = at != std::string_view::npos;
  if (client.closes) {
    const std::string_view rest = piece.bytes.substr(at + closing_field.size());
    std::memmove(const_cast<char*>(piece.bytes.data()) + at, rest.data(), rest.size());
    piece.bytes.remove_suffix(closing_field.size());
  }
  Connection& server = upstream();
  client.other = &server;
  server.other = &client;
  put(server, piece);
}

void take_response(Connection& server, const Piece& piece) {
  Connection& client = *server.other;
  const std::string_view bytes = piece.bytes;
  if (server.left > 0) {
    server.left -= std::min<uint64_t>(server.left, bytes.size());
  } else {
    const size_t head = bytes.find("\r\n\r\n") + 4;
    const size_t length = bytes.substr(0, head).find("Content-Length: ");
    server.tunnel = client.tunnel = bytes.starts_with("HTTP/1.1 101");
    const uint64_t body =
        length < head ? std::strtoull(bytes.data() + length + 16, nullptr, 10) : 0;
    server.left = body - std::min<uint64_t>(body, bytes.size() - head);
  }
  put(client, piece);
}

void received(Connection& from, const io_uring_cqe& completion) {
  if ((completion.flags & IORING_CQE_F_MORE) == 0) from.receives = false;
  if (completion.res <= 0 || from.ended) {
    if ((completion.flags & IORING_CQE_F_BUFFER) != 0) {
      give_back(completion.flags >> IORING_CQE_BUFFER_SHIFT);
    }
    if (completion.res == -ENOBUFS && !from.ended) return starving.push_back(&from);
    return from.ended ? destroy_if_unused(from) : end(from);
  }
  const unsigned buffer = completion.flags >> IORING_CQE_BUFFER_SHIFT;
  const Piece piece{buffer,
                    {memory.get() + buffer * buffer_size, static_cast<size_t>(completion.res)}};
  if (!from.receives) arm(from);
  if (from.tunnel) {
    put(*from.other, piece);
  } else if (from.client) {
    take_request(from, piece);
  } else if (from.other != nullptr) {
    take_response(from, piece);
  } else {
    give_back(buffer);
    end(from);
  }
}

void finish_if_over(Connection& client) {
  Connection* const server = client.other;
  if (client.tunnel || server == nullptr || server->left > 0 || server->sends > 0) return;
  server->other = client.other = nullptr;
  idle.push_back(server);
  if (client.closes) end(client);
}

void sent(Connection& to, const io_uring_cqe& completion) {
  const auto count = static_cast<std::ptrdiff_t>(std::exchange(to.sends, 0));
  for (auto piece = to.pieces.begin(); piece < to.pieces.begin() + count; ++piece) {
    give_back(piece->buffer);
  }
  to.pieces.erase(to.pieces.begin(), to.pieces.begin() + count);
  if (to.ended) return destroy_if_unused(to);
  if (completion.res < 0) return end(to);
  send_waiting(to);
  if (to.client && to.pieces.empty()) finish_if_over(to);
}

void accept_on(int listening) {
  io_uring_sqe* const entry = next_entry();
  io_uring_prep_multishot_accept(entry, listening, nullptr, nullptr, SOCK_CLOEXEC);
  tag(entry, nullptr, accepting);
}

void handle(const io_uring_cqe& completion, int listening) {
  auto* const connection = reinterpret_cast<Connection*>(completion.user_data & ~uintptr_t{3});
  switch (completion.user_data & 3) {
    case accepting:
      if (completion.res >= 0) adopt(completion.res, true);
      if ((completion.flags & IORING_CQE_F_MORE) == 0) accept_on(listening);
      break;
    case receiving:
      received(*connection, completion);
      break;
    case sending:
      sent(*connection, completion);
      break;
    default:
      break;
  }
}

int listen_on(uint16_t port) {
  const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listening, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // what is accepted inherits it
  sockaddr_in address = origin;
  address.sin_port = htons(port);
  if (bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listening, 4096) != 0) {
    std::perror("floor_uring: listen");
    std::exit(1);
  }
  socklen_t size = sizeof address;
  getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("%u\n", static_cast<unsigned>(ntohs(address.sin_port)));
  std::fflush(stdout);
  return listening;
}

void open_ring() {
  io_uring_params parameters{};
  parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                     IORING_SETUP_COOP_TASKRUN | IORING_SETUP_CQSIZE;
  parameters.cq_entries = 4 * entries;
  const int failed = io_uring_queue_init_params(entries, &ring, &parameters);
  if (failed < 0) {
    std::fprintf(stderr, "floor_uring: io_uring: %s\n", std::strerror(-failed));
    std::exit(1);
  }
  io_uring_register_ring_fd(&ring);
  memory = std::make_unique_for_overwrite<char[]>(buffers * buffer_size);
  provided =
      static_cast<io_uring_buf_ring*>(std::aligned_alloc(4096, buffers * sizeof(io_uring_buf)));
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uintptr_t>(provided);
  registration.ring_entries = buffers;
  io_uring_register_buf_ring(&ring, &registration, 0);
  io_uring_buf_ring_init(provided);
  for (unsigned i = 0; i < buffers; ++i) give_back(i);
}

void turn(int listening) {
  io_uring_submit_and_wait(&ring, 1);
  unsigned head = 0;
  unsigned count = 0;
  io_uring_cqe* completion = nullptr;
  io_uring_for_each_cqe(&ring, head, completion) {
    handle(*completion, listening);
    ++count;
  }
  io_uring_cq_advance(&ring, count);
  while (!starving.empty()) {
    Connection* const connection = starving.back();
    starving.pop_back();
    if (!connection->ended) arm(*connection);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: floor_uring PORT ORIGIN BUFFER\n", stderr);
    return 2;
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  buffer_size = std::strtoull(argv[3], nullptr, 10);
  origin.sin_family = AF_INET;
  origin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  origin.sin_port = htons(static_cast<uint16_t>(std::atoi(argv[2])));
  const int listening = listen_on(static_cast<uint16_t>(std::atoi(argv[1])));
  open_ring();
  accept_on(listening);
  for (;;) turn(listening);
}
