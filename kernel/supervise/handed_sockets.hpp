// SPDX-License-Identifier: Apache-2.0
//
// Listening sockets that the service manager opened before it started this process: the protocol
// of sd_listen_fds(3), variables LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES.
//
// They are taken over as they are and found by address. A socket that takes both families on every
// address (ListenStream=80) is ":80" of the file; so is 0.0.0.0:80, which the manager opens instead
// on a machine without IPv6. They stay the manager's: when this process ends, connections go on to
// wait in them for the next start, so neither shut_door nor remove_file is for them.
//
// Thread: control.
#pragma once

#include "net/address.hpp"
#include "net/listener.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir {

struct HandedSocket {
  std::string name;  // as in LISTEN_FDNAMES; without it "unknown"
  Listener listener;
};

class HandedSockets {
 public:
  // What the environment says, whose variables are gone afterwards. No child inherits the sockets.
  // Once, at the start, while the descriptors are those that this process was started with.
  static HandedSockets take();

  // What was wrong, each a sentence. Those sockets are closed; the others can be had.
  const std::vector<std::string>& mistakes() const { return mistakes_; }

  // The socket for that address of the file, which is no longer held here.
  std::optional<Listener> give(const Address& wanted);

  // What nobody has asked for.
  const std::vector<HandedSocket>& left() const { return held_; }
  // The same, for people: a sentence each.
  std::vector<std::string> unasked() const;
  // One that the former process had, before an upgrade, and nobody asked for.
  void hold(HandedSocket socket) { held_.push_back(std::move(socket)); }

 private:
  void adopt(int fd, const std::string& name);

  std::vector<HandedSocket> held_;
  std::vector<std::string> mistakes_;
};

}  // namespace weir
