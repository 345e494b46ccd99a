// SPDX-License-Identifier: Apache-2.0
#include "serve/control_socket.hpp"

#include "base/arena.hpp"
#include "base/clock.hpp"
#include "conf/report.hpp"
#include "event/loop.hpp"
#include "event/timers.hpp"
#include "http/h1_reader.hpp"
#include "http/head.hpp"
#include "http/limits.hpp"
#include "http/names.hpp"
#include "net/acceptor.hpp"
#include "net/listener.hpp"
#include "net/socket.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace weir {
namespace {

constexpr size_t longest_head = 16384;
constexpr Clock::duration patience = std::chrono::seconds(10);

const char* reason_of(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 503:
      return "Service Unavailable";
    default:
      return "Bad Request";
  }
}

}  // namespace

class ControlSocket::Connection final : private Watcher, private Timer {
 public:
  Connection(ControlSocket& owner, Socket socket, uint64_t number)
      : id(number), owner_(owner), socket_(std::move(socket)) {}
  ~Connection() override {
    if (socket_) owner_.loop_.forget(*this);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool begin() {
    owner_.loop_.arm(*this, patience);
    return owner_.loop_.watch(socket_.fd(), *this);
  }

  void reply(const ControlReply& reply) {
    out_ = "HTTP/1.1 " + std::to_string(reply.status) + ' ' + reason_of(reply.status) +
           "\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(reply.body.size()) + "\r\nConnection: close\r\n\r\n" + reply.body;
    owner_.loop_.arm(*this, patience);
    send();
  }

  // Its request has not come.
  bool idle() const { return !asked_; }

  const uint64_t id;
  ControlRequest request;

 private:
  void ready(uint32_t) noexcept override {
    if (!out_.empty()) return send();
    if (!asked_) receive();
  }
  void expired() noexcept override { owner_.ended(*this); }

  void receive() {
    for (;;) {
      const auto room = owner_.loop_.scratch();
      const IoResult got = socket_.receive(room);
      if (got.status == IoResult::again) return;
      if (got.status != IoResult::ok) return owner_.ended(*this);
      in_.append(room.data(), got.n);
      const size_t end = in_.find("\r\n\r\n");
      if (end != std::string::npos) return read_head(end + 4);
      if (in_.size() > longest_head) return refuse("the head is longer than 16 KiB");
    }
  }

  void read_head(size_t size) {
    asked_ = true;
    std::array<std::byte, 4096> room;
    Arena arena(room, longest_head * 4);
    RequestHead head;
    const std::string_view text = arena.copy(std::string_view(in_).substr(0, size));
    if (const auto refusal =
            read_request(text, {HeadLimits{}, "http", false}, arena, owner_.names_, head)) {
      return refuse(refusal->reason);
    }
    const bool has_body = head.framing.kind == Framing::Kind::chunked ||
                          (head.framing.kind == Framing::Kind::length && head.framing.length > 0);
    if (has_body) return refuse("a request has no body here");
    request = {std::string(head.method), std::string(head.path), std::string(head.query)};
    Timer::cancel();  // the reply takes what it takes
    owner_.serve(*this);
  }

  void refuse(const std::string& why) {
    asked_ = true;
    reply({400, "{\"error\":" + conf::json_string(why) + "}\n"});
  }

  void send() {
    while (sent_ < out_.size()) {
      const IoResult went = socket_.send(std::string_view(out_).substr(sent_));
      if (went.status == IoResult::again) return;
      if (went.status != IoResult::ok) break;
      sent_ += went.n;
    }
    owner_.ended(*this);
  }

  ControlSocket& owner_;
  Socket socket_;
  std::string in_, out_;
  size_t sent_ = 0;
  bool asked_ = false;
};

ControlSocket::ControlSocket(Loop& loop, const Names& names, std::shared_ptr<Listener> listener,
                             Serve serve)
    : loop_(loop),
      names_(names),
      listener_(std::move(listener)),
      serve_(std::move(serve)),
      acceptor_(
          loop, *listener_, [this](Accepted accepted) { take(std::move(accepted)); }, {}, 100),
      self_(std::make_shared<ControlSocket*>(this)) {
  acceptor_.start();
}

ControlSocket::~ControlSocket() = default;

// By number is by age.
bool ControlSocket::make_room() {
  if (connections_.size() < most_connections) return true;
  const auto oldest =
      std::ranges::find_if(connections_, [](const auto& entry) { return entry.second->idle(); });
  if (oldest == connections_.end()) return false;
  ended(*oldest->second);
  return true;
}

void ControlSocket::take(Accepted accepted) {
  if (!make_room()) return;  // closed
  auto& connection = connections_[++last_];
  connection = std::make_unique<Connection>(*this, std::move(accepted.socket), last_);
  if (!connection->begin()) ended(*connection);
}

void ControlSocket::serve(Connection& connection) {
  serve_(connection.request,
         [self = std::weak_ptr(self_), id = connection.id](const ControlReply& reply) {
           const auto there = self.lock();
           if (there == nullptr) return;
           const auto found = (*there)->connections_.find(id);
           if (found != (*there)->connections_.end()) found->second->reply(reply);
         });
}

void ControlSocket::ended(Connection& connection) {
  const auto found = connections_.find(connection.id);
  if (found == connections_.end()) return;
  ended_.push_back(std::move(found->second));
  connections_.erase(found);
  loop_.defer(*this);
}

void ControlSocket::deferred() noexcept { ended_.clear(); }

}  // namespace weir
