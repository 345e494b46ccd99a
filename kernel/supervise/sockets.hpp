// SPDX-License-Identifier: Apache-2.0
//
// The listening sockets of a supervisor: opened once, handed to each worker process that asks, kept
// when a worker dies. What waits in their queues waits for the next worker.
//
// A file may name one address several times (":0" does), so a holder that asks again gets another
// socket, and its successor the same ones in the same order.
//
// Thread: the supervisor's.
#pragma once

#include "base/result.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"
#include "supervise/descriptor.hpp"
#include "supervise/handed_sockets.hpp"

#include <cstdint>
#include <set>
#include <vector>

namespace weir {

class Sockets {
 public:
  struct Kept {
    Address asked;
    Listener listener;
    std::set<uint64_t> holders;  // lives of worker processes
    // The service manager's, where clients go on to wait when this process has ended: its door is
    // not shut and its file not removed.
    bool handed = false;
  };

  void keep(const Address& asked, Listener listener, bool handed = false);
  // Sockets of the service manager, given to who asks for their addresses.
  void take(HandedSockets handed) { handed_ = std::move(handed); }
  // Those of them that nobody has asked for.
  const HandedSockets& unasked() const { return handed_; }
  void hold(HandedSocket socket) { handed_.hold(std::move(socket)); }
  bool any_handed() const;

  // A descriptor of its own for the holder. The error is a whole sentence.
  Result<Descriptor> give(const Address& asked, uint64_t holder);
  // `address` is as asked for, or as bound.
  void release(const Address& address, uint64_t holder);
  void forget(uint64_t holder);
  // Nobody but this holder has it, and it is not the service manager's.
  bool is_last(const Address& address, uint64_t holder) const;

  // Closes what no one holds.
  void close_unheld();
  // From now on there are none: connections are refused once the holders have closed theirs too.
  void close_all();
  // Of Unix sockets that were closed; called when no other process has them any more.
  void remove_files();

  const std::vector<Kept>& all() const { return kept_; }

 private:
  std::vector<Kept> kept_;
  HandedSockets handed_;
  std::vector<Address> closed_;
  bool open_ = true;
};

}  // namespace weir
