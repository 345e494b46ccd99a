// SPDX-License-Identifier: Apache-2.0
//
// A connected stream socket, TCP or Unix. Poco owns the descriptor; the calls that move bytes are
// made here, because Poco's neither take vectors nor say "try again" without an exception.
//
// Everything is non-blocking and close-on-exec, and no send raises SIGPIPE.
//
// Thread: one owner.
#pragma once

#include "base/result.hpp"
#include "net/address.hpp"

#include <cstdint>
#include <span>

#include <Poco/AutoPtr.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/Net/StreamSocketImpl.h>
#include <sys/uio.h>

namespace weir {

struct IoResult {
  enum Status : uint8_t {
    ok,     // n bytes were moved
    again,  // nothing now; the watcher will hear of it
    eof,    // receive: the peer has ended; send_file: the file has
    error   // `reason` is the errno; the connection is of no further use
  };
  Status status = again;
  size_t n = 0;
  int reason = 0;
};

class Socket {
 public:
  Socket() = default;
  Socket(Socket&&) = default;
  Socket& operator=(Socket&&) = default;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() = default;  // closes

  // Takes over a descriptor that is non-blocking and close-on-exec.
  static Socket adopt(int fd);

  // Begins to connect. The first send tells how it goes: `again` while the connection is on its
  // way, an error when it has failed.
  static Result<Socket> connect(const Address& address);

  bool open() const { return !owner_.isNull(); }
  explicit operator bool() const { return open(); }

  // Expects: open, as does all below.
  int fd() const { return owner_->sockfd(); }

  // A receive that filled less than `into` has emptied the socket; do not ask again.
  IoResult receive(std::span<char> into);

  // The same, and the bytes stay to be received.
  IoResult peek(std::span<char> into) const;

  // What the kernel takes now, from the front; 16 pieces at most in one call are worth it.
  // `more`: something follows at once, if only the end; it then leaves in the same packet.
  IoResult send(std::span<const iovec> pieces, bool more = false);
  IoResult send(std::string_view bytes, bool more = false);

  // From a file's `offset` on, not through user space; eof: the file is shorter than that.
  IoResult send_file(int file, uint64_t offset, size_t count);

  // To and from a pipe, not through user space; `again` also when the pipe is full.
  IoResult splice_to(int pipe, size_t count);
  IoResult splice_from(int pipe, size_t count);

  // Sends what is queued, then the end of the stream; receiving goes on.
  void shutdown_write();

  void close() { owner_.reset(); }

  // Closes with a reset: the peer learns that the stream is incomplete.
  void reset();

  void no_delay();  // harmless on a Unix socket

  Address peer() const;
  Address local() const;

  // The same descriptor for Poco's classes, in the cold parts.
  Poco::Net::StreamSocket poco() const;

 private:
  explicit Socket(int fd) : owner_(new Poco::Net::StreamSocketImpl(fd)) {}

  Poco::AutoPtr<Poco::Net::StreamSocketImpl> owner_;
};

}  // namespace weir
