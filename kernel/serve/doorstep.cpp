// SPDX-License-Identifier: Apache-2.0
#include "serve/doorstep.hpp"

#include <weir/module.h>

#include "base/body.hpp"
#include "base/log.hpp"
#include "event/loop.hpp"
#include "event/timers.hpp"
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

Lane Doorstep::take() {
  ended_ = true;
  Timer::cancel();
  ticket.unlink();
  return release();
}

void Doorstep::ready(uint32_t events) noexcept {
  note(events);
  if (!ended_) owner_.wants_step(*this);
}

void Doorstep::step() {
  const IoResult::Status status = shake_hands();
  if (!know_peer() || status == IoResult::eof || status == IoResult::error) return end();
  if (status == IoResult::ok) owner_.let_in(*this);
}

// False: the client has as many connections as it may have.
bool Doorstep::know_peer() {
  if (knows_peer_ || !transport()->knows_peer()) return true;
  knows_peer_ = true;
  if (transport()->named_peer().family != 0) set_peer(transport()->named_peer());
  return owner_.admit(*this);
}

void Doorstep::expired() noexcept {
  WEIR_LOG(WEIR_INFO, "closed a connection of ", to_string(peer()),
           ": its handshake was not over in time");
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
