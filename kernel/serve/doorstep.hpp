// SPDX-License-Identifier: Apache-2.0
//
// An accepted connection whose transports shake hands: it does not know yet what will be spoken.
//
// So many at a time as the owner allows; the others wait, and for all the time runs from the accept
// on. One that fails or is late is closed without a word.
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
  // Its place in the queue of those that wait.
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
  void begin();
  bool begun() const { return begun_; }
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
  void go_on_shaking();
  void end();

  ConnectionOwner& owner_;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace weir
