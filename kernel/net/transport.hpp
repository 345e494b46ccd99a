// SPDX-License-Identifier: Apache-2.0
//
// What lies between a connection and its socket where something does: TLS, the PROXY protocol.
//
// A wire that has a transport lets it shake hands first; then it moves all bytes by it, or by the
// socket as if there were none when the transport passes bytes on as they are. The transport learns
// of the socket's readiness and asks the system for nothing that it has been refused.
//
// Thread: one loop.
#pragma once

#include <weir/module.h>

#include "event/loop.hpp"
#include "net/socket.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <sys/uio.h>

namespace weir {

class Transport {
 public:
  Transport() = default;
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // The socket that it works on from now on, and who hears that something may have moved. Both
  // outlive this, or others follow.
  void stand_on(Socket& socket, Watcher& watcher) {
    socket_ = &socket;
    watcher_ = &watcher;
  }
  // What epoll reported.
  void note(uint32_t events);

  // All that has come to the socket was received, as far as is known.
  bool socket_empty() const { return !readable_; }
  // The socket is broken, and not only what was said on it.
  bool socket_failed() const { return failed_; }

  // Goes on with it; ok: it is over, and the others may be called.
  virtual IoResult handshake() = 0;
  // Bytes pass as they are: the socket is used directly.
  virtual bool passes_through() const = 0;
  virtual IoResult receive(std::span<char> into) = 0;
  // What it takes it delivers, in this call or a later one, which may be one without pieces.
  virtual IoResult send(std::span<const iovec> pieces, bool more) = 0;
  virtual size_t pending() const = 0;  // bytes taken and not delivered yet
  virtual IoResult end() = 0;          // of our direction, in due form

  virtual bool encrypts() const = 0;
  // What is known by an attribute's id; empty: nothing. Lasts as long as this.
  virtual std::string_view info(uint32_t attribute) const = 0;
  // Whether a request for this host, in lower case and without port, may come in here.
  virtual bool serves(std::string_view host) const = 0;
  // Nobody will name another peer than is known now.
  virtual bool knows_peer() const = 0;
  // The other end and this one, as a proxy before us has named them; family 0: it has not.
  virtual const weir_address& named_peer() const = 0;
  virtual const weir_address& named_local() const = 0;

 protected:
  // On the socket itself; `peek`: the bytes stay.
  IoResult receive_plain(std::span<char> into, bool peek);
  IoResult send_plain(std::span<const iovec> pieces, bool more);
  const Socket& socket() const { return *socket_; }
  // What said `again` without the socket's doing may go on. May destroy this.
  void awake() const { watcher_->ready(EPOLLIN | EPOLLOUT); }

 private:
  IoResult show(std::span<char> into);

  Socket* socket_ = nullptr;
  Watcher* watcher_ = nullptr;
  bool readable_ = true;  // as far as is known
  bool writable_ = true;
  bool peer_done_ = false;
  bool failed_ = false;
  size_t shown_ = 0;  // bytes that the last peek has seen
};

// What a connection to an endpoint is for.
struct TransportOrder {
  std::string_view server_name;  // that the endpoint is to prove
  weir_address client{};         // family 0: it serves many
  weir_address client_local{};
};

// Makes the transports of an upstream's connections; stands above this floor.
class TransportMaker {
 public:
  virtual ~TransportMaker() = default;
  virtual std::unique_ptr<Transport> make(const TransportOrder& order) const = 0;
  // Each connection serves one exchange.
  virtual bool per_exchange() const = 0;
};

// A connected socket with what stands on it, on its way from one owner to the next.
struct Lane {
  Socket socket;
  std::unique_ptr<Transport> transport;  // nullptr: none
  bool watched = false;                  // the loop has it, for an owner that let go of it
};

}  // namespace weir
