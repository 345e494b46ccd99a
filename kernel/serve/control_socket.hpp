// SPDX-License-Identifier: Apache-2.0
//
// The control socket: HTTP/1.1 with JSON over a Unix socket that only its owner may open. One
// request a connection; a reply may come later.
//
// Heads are read by the same strict reader as those of clients. A request has no body. At most 64
// connections are open: the one that has been asking nothing for the longest time gives way to a
// further one, and when all wait for replies, that one is closed.
//
// Thread: control.
#pragma once

#include "event/loop.hpp"
#include "http/names.hpp"
#include "net/acceptor.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct ControlRequest {
  std::string method;
  std::string path;   // "/v1/status"
  std::string query;  // without its question mark
};

struct ControlReply {
  unsigned status = 200;
  std::string body;  // JSON
};

class ControlSocket final : private Deferred {
 public:
  using Respond = std::function<void(const ControlReply&)>;  // once, now or later
  using Serve = std::function<void(const ControlRequest&, const Respond&)>;

  // Expects: loop and names outlive this.
  ControlSocket(Loop& loop, const Names& names, std::shared_ptr<Listener> listener, Serve serve);
  ~ControlSocket() override;

  const Listener& listener() const { return *listener_; }

  // Questions from now on are for another process.
  void stop_accepting() { acceptor_.stop(); }

 private:
  class Connection;
  static constexpr size_t most_connections = 64;

  void take(Accepted accepted);
  bool make_room();
  void serve(Connection& connection);
  void ended(Connection& connection);
  void deferred() noexcept override;

  Loop& loop_;
  const Names& names_;
  std::shared_ptr<Listener> listener_;
  Serve serve_;
  Acceptor acceptor_;
  std::map<uint64_t, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> ended_;
  uint64_t last_ = 0;
  std::shared_ptr<ControlSocket*> self_;  // a late reply finds this, or nobody
};

}  // namespace weir
