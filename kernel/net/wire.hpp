// SPDX-License-Identifier: Apache-2.0
//
// A connected socket on a loop with a queue of what is still to be sent: the part that both sides
// of a proxied exchange share.
//
// The descriptor is registered once, edge triggered, for its whole life. A read that came back
// short found the socket empty, so no second call asks; a write is tried without asking and waits
// for the loop only after the kernel refused some of it. Little output is sent at the end of the
// turn, one connection after the other: the way into the kernel then stays in the caches, and a
// peer that sleeps is woken once for many messages.
//
// With a transport, the same holds of what the transport can move, and pipes are of no use.
//
// Thread: one loop.
#pragma once

#include "base/body.hpp"
#include "base/pipe.hpp"
#include "event/loop.hpp"
#include "net/socket.hpp"
#include "net/transport.hpp"

#include <memory>

namespace weir {

class Wire : public Watcher {
 public:
  Wire(Loop& loop, BodyPool& pool) : loop_(loop), pool_(pool), out_(pool) {}
  virtual ~Wire() { hang_up(); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

 protected:
  // Takes the connection over and registers it; false: the loop cannot watch it. A transport
  // comes with its handshake done, or shakes hands before anything else is asked of it.
  bool attach(Lane lane);
  // Gives it to another owner, on the same loop. Expects: nothing is queued.
  Lane release();
  // Closes it; what was not sent is dropped. Harmless when there is none.
  void hang_up();
  // The same with a reset, which tells the peer that the stream is incomplete.
  void hang_up_broken();
  bool attached() const { return socket_.open(); }

  // Notes what epoll reported.
  void note(uint32_t events);

  // Goes on with the transport's handshake; ok: done, or there is none to do.
  IoResult::Status shake_hands();
  // Whether bytes go to and from the socket as they are, so that pipes are of use.
  bool is_plain() const { return !through_ && !shaking_; }
  bool shaking() const { return shaking_; }
  const Transport* transport() const { return transport_.get(); }

  // Receives once into `into`. After a short read the socket counts as empty.
  IoResult receive(std::span<char> into);
  // Receives once into a pipe that `into` then holds: no copy. `again` while still readable: what
  // the pipe holds must leave first, or there is no pipe, and memory has to serve.
  IoResult receive_piped(Body& into, uint64_t most);
  // The message is over; what is queued keeps the pipe.
  void let_go_of_pipe();
  bool has_pipe() const { return pipe_ != nullptr; }

  // Sends as much as the kernel takes; false: the connection is broken. `then_ends`: the caller
  // ends the direction at once, and the end is to leave with the last bytes.
  bool send_pending(bool then_ends = false);
  // Bytes that are not with the system yet.
  uint64_t unsent() const { return out_.length() + (through_ ? transport_->pending() : 0); }
  // Nor is an end that is to follow them still due.
  bool all_sent() const { return unsent() == 0 && !ends_writing_; }
  // All that has come to the socket was received.
  bool socket_empty() const;
  // Ends our direction when all is sent; receiving goes on. Expects: nothing more is queued.
  void end_writing();

  // What is queued is better sent at the end of the turn: a copy of it costs less than that saves.
  bool sends_later() const { return writable_ && !out_.empty() && out_.length() < little_output; }

  // In a row, of one connection: a source that never runs dry would keep the others waiting, for
  // what comes through a pipe has no short read that ends it.
  static constexpr int most_reads = 4;

  Loop& loop_;
  BodyPool& pool_;
  Socket socket_;
  Body out_;
  bool readable_ = false;
  bool writable_ = false;
  bool peer_done_ = false;   // the other end has closed its direction, or all
  bool peer_reset_ = false;  // it has reset the connection: what is sent reaches nobody

 private:
  static constexpr uint64_t little_output = 8192;

  IoResult send_some(bool more);
  IoResult send_through(bool more);
  IoResult send_taken(bool more);
  IoResult send_pieces(bool more);
  IoResult send_piped(const Body::PipedBytes& bytes);

  Pipe* pipe_ = nullptr;  // through which the current message's bulk comes in
  std::unique_ptr<Transport> transport_;
  bool shaking_ = false;  // hands, so far
  bool through_ = false;
  bool ends_writing_ = false;  // as soon as the transport can
};

}  // namespace weir
