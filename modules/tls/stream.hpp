// SPDX-License-Identifier: Apache-2.0
//
// The TLS of one connection: moves bytes between who speaks above and the link below.
//
// OpenSSL reads and writes through a BIO of our own. It is fed from one large receive, and what it
// writes is gathered, so that several records leave in one send; both pass through buffers of the
// loop, and only what is left over when a call ends is kept with the connection. A connection at
// rest holds no buffer.
//
// Thread: [W], all of one connection on its loop.
#pragma once

#include <weir/link.hpp>

#include "openssl.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

// Of one loop, lent to whichever connection is at work.
struct LoopBuffers {
  static constexpr size_t record = 16 * 1024;     // the most plaintext of one record
  static constexpr size_t record_cost = 256;      // and what TLS 1.2 or 1.3 adds at most
  static constexpr size_t received = 4 * record;  // of one receive, and without any plaintext
  static constexpr size_t sent = 4 * (record + record_cost);  // of one send

  std::array<char, received> in;
  std::array<char, sent> out;
  std::array<char, record> plain;  // small pieces on their way into one record
};

class Stream {
 public:
  // `ssl` has its side and its checks set. Throws std::bad_alloc.
  explicit Stream(SslPtr ssl);
  ~Stream();  // ends the session in a way that lets it be resumed
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  SSL* ssl() const { return ssl_.get(); }
  // Within a call below: the link that it came with; for callbacks of OpenSSL.
  const weir::Link* link() const { return link_; }
  // Of a handshake that gave Io::broken: whether there was a reason other than the end of the link.
  bool link_ended() const { return link_ended_; }

  // As the hooks of a transport.
  weir::Io handshake(weir::Link link, LoopBuffers& buffers);
  weir::Moved recv(weir::Link link, LoopBuffers& buffers, weir::Room into);
  weir::Moved send(weir::Link link, LoopBuffers& buffers, weir::Pieces pieces);
  weir::Io end(weir::Link link, LoopBuffers& buffers);
  size_t pending() const { return kept_.size() - kept_from_; }

 private:
  friend struct StreamBio;
  class Turn;

  // What the BIO asks for.
  int read_below(char* into, size_t room);
  int write_below(std::string_view bytes);
  bool fill();
  // Sends what has been gathered; keeps what the link does not take. False: the link is broken.
  bool flush(bool more);
  bool flush_kept(bool more);
  void keep(std::string_view bytes);

  SslPtr ssl_;
  // During a call:
  const weir::Link* link_ = nullptr;
  LoopBuffers* buffers_ = nullptr;
  size_t in_from_ = 0, in_to_ = 0;  // of buffers_->in
  size_t out_ = 0;                  // of buffers_->out
  bool short_ = false;              // the last receive did not fill its room
  bool decrypted_ = false;          // there is something to give to the caller
  // Between calls:
  size_t barren_ = 0;             // bytes received since the last that were decrypted
  std::unique_ptr<char[]> left_;  // received, not yet read
  size_t left_from_ = 0, left_to_ = 0;
  std::vector<char> kept_;  // to be sent
  size_t kept_from_ = 0;
  bool broken_ = false;
  bool link_ended_ = false;
};
