// SPDX-License-Identifier: Apache-2.0
//
// An accepted connection whose transports shake hands: it does not know yet what will be spoken.
//
// A handshake takes long beside all else that a loop does, so the owner says whose step is next.
// Who has nothing to do waits in no queue. One that fails or is late is closed without a word.
//
// Thread: one loop.
#pragma once

#include "base/list.hpp"
#include "event/timers.hpp"
#include "net/wire.hpp"
#include "serve/connection.hpp"

#include <cstdint>

namespace weir {

class Doorstep final : public Wire, public Connection, private Timer {
 public:
  // Its place in the queue of those that can go on.
  struct Ticket : Link {
    explicit Ticket(Doorstep& its) : doorstep(its) {}
    Doorstep& doorstep;
  };

  Doorstep(Loop& loop, BodyPool& pool, ConnectionOwner& owner, Inlet& inlet,
           const weir_address& peer);
  ~Doorstep() override;
  Doorstep(const Doorstep&) = delete;
  Doorstep& operator=(const Doorstep&) = delete;

  // Takes an accepted socket with its transports. False: the loop cannot watch it.
  bool open(Lane lane);
  // Its turn has come.
  void step();
  Ticket ticket{*this};

  // What the next owner gets. This is of no further use then.
  Lane take();

  void drain() override;
  void cut() override { end(); }
  void cut_for_memory() override { end(); }
  uint64_t held() const override { return sizeof *this; }

 private:
  void ready(uint32_t events) noexcept override;
  void expired() noexcept override;
  bool know_peer();
  void end();

  ConnectionOwner& owner_;
  bool knows_peer_ = false;  // whoever may name another has
  bool ended_ = false;
};

}  // namespace weir
