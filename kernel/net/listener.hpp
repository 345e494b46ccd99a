// SPDX-License-Identifier: Apache-2.0
//
// A listening socket, TCP or Unix.
//
// ":8080" takes IPv6 and IPv4 clients with one socket, and IPv4 alone where the machine has no
// IPv6; "[::]:8080" takes IPv6 only. The file of a Unix socket that nobody answers on any more is
// replaced, one that is answered is a port in use. The file stays when the listener closes, since
// another process may have been given the socket; remove_file is for the last one.
//
// Thread: open, adopt and remove_file: control; accept: any, several loops may share one listener.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/address.hpp"
#include "net/socket.hpp"

#include <chrono>

#include <Poco/AutoPtr.h>
#include <Poco/Net/ServerSocketImpl.h>

namespace weir {

struct Accepted {
  Socket socket;
  Address peer;
};

class Listener {
 public:
  static constexpr int usual_backlog = 4096;  // the system cuts it to net.core.somaxconn

  // The error is a whole sentence: what cannot be listened on, why, and a way out.
  static Result<Listener> open(const Address& address, int backlog = usual_backlog);

  // Takes over a socket that listens already; its address is as it would be asked for.
  static Result<Listener> adopt(int fd);
  // The same of a socket that was opened for `asked`, by whatever process.
  static Result<Listener> adopt(int fd, const Address& asked);

  int fd() const { return owner_->sockfd(); }

  // As asked for, with the port that the system chose.
  const Address& address() const { return address_; }

  // The next connection, with TCP_NODELAY, or errno: EAGAIN when there is none, EMFILE, ENFILE,
  // ENOBUFS or ENOMEM when the system is at its end. A connection that broke in the queue is
  // passed over.
  Result<Accepted, int> accept();

  // From now on connections are refused; those on their way still come to accept. Closing a
  // listener resets what waits in its queue, so this comes first, then accept until there is none.
  // For good, also in other processes that hold the socket. Does nothing for a Unix socket, whose
  // clients never wait.
  void shut_door();
  // What is on its way then has come by now.
  static constexpr Clock::duration door_time = std::chrono::milliseconds(50);

  void remove_file();
  // Of a Unix socket: its file, when no process listens there any more.
  static void remove_stale_file(const Address& address);

 private:
  Listener(int fd, const Address& address);

  Poco::AutoPtr<Poco::Net::ServerSocketImpl> owner_;
  Address address_;
};

}  // namespace weir
