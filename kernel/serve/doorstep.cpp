// SPDX-License-Identifier: Apache-2.0
#include "serve/doorstep.hpp"

#include <weir/module.h>

#include "base/body.hpp"
#include "base/log.hpp"
#include "event/loop.hpp"
#include "net/address.hpp"
#include "net/socket.hpp"
#include "net/transport.hpp"
#include "net/wire.hpp"
#include "serve/connection.hpp"

#include <cstdint>
#include <utility>

namespace weir {

Doorstep::Doorstep(Loop& loop, BodyPool& pool, ConnectionOwner& owner, Inlet& inlet,
                   const weir_address& peer)
    : Wire(loop, pool), Connection(inlet, peer), owner_(owner) {
  pool_.held().add(sizeof *this);
}

Doorstep::~Doorstep() { pool_.held().remove(sizeof *this); }

bool Doorstep::open(Lane lane) {
  loop_.arm(*this, owner_.limits().handshake);
  return attach(std::move(lane));
}

// Who has not said a word by then is no client in a hurry.
void Doorstep::drain() { loop_.arm(*this, drain_grace); }

void Doorstep::begin() {
  ticket.unlink();
  begun_ = true;
  go_on_shaking();
}

Lane Doorstep::take() {
  ended_ = true;
  Timer::cancel();
  return release();
}

void Doorstep::ready(uint32_t events) noexcept {
  note(events);
  if (begun_ && !ended_) go_on_shaking();
}

void Doorstep::go_on_shaking() {
  switch (shake_hands()) {
    case IoResult::ok:
      return owner_.let_in(*this);
    case IoResult::again:
      return;
    case IoResult::eof:
    case IoResult::error:
      return end();
  }
}

void Doorstep::expired() noexcept {
  WEIR_LOG(WEIR_INFO, "closed a connection of ", to_string(peer()),
           ": no handshake within server.timeouts.handshake");
  end();
}

void Doorstep::end() {
  if (std::exchange(ended_, true)) return;
  Timer::cancel();
  ticket.unlink();
  hang_up();
  owner_.connection_ended(*this);
}

}  // namespace weir
