// SPDX-License-Identifier: Apache-2.0
//
// A client's connection as its worker sees it, whatever is spoken on it.
//
// Thread: one loop.
#pragma once

#include <weir/module.h>

#include "base/clock.hpp"
#include "chain/exchange.hpp"
#include "http/limits.hpp"
#include "http/stream.hpp"
#include "net/transport.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weir {

struct Inlet;

class Connection {
 public:
  // What a client that is on its way to say something still gets when the process ends.
  static constexpr Clock::duration drain_grace = std::chrono::seconds(1);

  // Expects: the inlet outlives this.
  Connection(Inlet& inlet, const weir_address& peer) : inlet_(inlet), peer_(peer) {}
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The process ends: no request after the one that runs, or that comes within the next moment.
  virtual void drain() = 0;
  // Nothing goes on, whatever was on its way.
  virtual void cut() = 0;
  // The same because what it holds is needed: a reset, that nothing of it stays in the system.
  virtual void cut_for_memory() = 0;
  // At rest between requests it stays so for as long as the owner says now.
  virtual void rest_anew() {}
  // Reading had stopped for want of memory, and there is some now.
  virtual void go_on() {}
  virtual uint64_t held() const = 0;  // bytes that end with it
  virtual const Exchange* exchange() const { return nullptr; }
  virtual uint64_t requests() const { return 0; }

  const weir_address& peer() const { return peer_; }
  Inlet& inlet() const { return inlet_; }

  // The owner's notes.
  size_t place = 0;      // among its connections
  bool counted = false;  // for its client

 protected:
  void set_peer(const weir_address& peer) { peer_ = peer; }

 private:
  Inlet& inlet_;
  weir_address peer_;
};

class Doorstep;

struct ServerLimits {
  HeadLimits head;
  bool encoded_slash = false;         // some route may let %2F through
  uint64_t requests = 10'000;         // of one connection
  uint64_t unread_body = 64 * 1024;   // read and dropped to save the connection
  Clock::duration handshake{};        // of transports
  Clock::duration head_time{};        // from its first byte
  Clock::duration body_time{};        // between bytes
  uint64_t body_rate = 0;             // bytes per second, on average
  Clock::duration body_rate_after{};  // before that the rate is not looked at
  Clock::duration keep_alive{};
  Clock::duration keep_alive_overload{};
  Clock::duration write_time{};   // without progress
  Clock::duration unread_time{};  // for unread_body, and for the last goodbye
  Clock::duration tunnel{};
};

// What a connection needs of its worker.
class ConnectionOwner {
 public:
  virtual const ServerLimits& limits() const = 0;
  // Whether connections that came in there are to end with their exchange.
  virtual bool draining(const Inlet& inlet) const = 0;
  // How long a connection may rest now; less when connections are nearly used up.
  virtual Clock::duration keep_alive() const = 0;
  // For a request that came in there; it lives until destroy.
  virtual Exchange& create_exchange(const Inlet& inlet, ServerStream& stream,
                                    const weir_address& peer) = 0;
  virtual void destroy_exchange(Exchange& exchange) = 0;
  // It can go on with its handshake.
  virtual void wants_step(Doorstep& doorstep) = 0;
  // Counts it for its client; false: that one has as many as it may have.
  virtual bool admit(Connection& connection) = 0;
  // Hands have been shaken: another takes its place, with all it has.
  virtual void let_in(Doorstep& doorstep) = 0;
  // The owner destroys it, not before this turn is over.
  virtual void connection_ended(Connection& connection) = 0;

 protected:
  ~ConnectionOwner() = default;
};

}  // namespace weir
