// SPDX-License-Identifier: Apache-2.0
//
// Whom a worker process serves under: what it asks of it, and what it is ordered to do.
//
// There are two: a supervisor in another process (Supervised), which owns the listening sockets and
// starts the worker again when it dies, and the process itself (Alone), which takes its orders from
// signals. The server does not know which one it has.
//
// Thread: control, but for beat.
#pragma once

#include "base/result.hpp"
#include "net/listener.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace weir {

class Loop;

// What became of an order: an error text with positions, or, empty of it, what there is to tell.
struct Outcome {
  bool good = true;
  std::string text;
};

// What the worker does on orders; called on the control loop.
class Orders {
 public:
  // Makes all ready to take over the file as it is now, or keeps what it has; ends with
  // Superior::done(order, ...). When it went well, commit or discard is the next step.
  virtual void prepare(uint64_t order) = 0;
  // Serves by what was prepared; ends likewise.
  virtual void commit(uint64_t order) = 0;
  // What was prepared, or is being, is given up, since another process refuses it.
  virtual void discard() = 0;
  // A question of the control socket's that concerns each worker process; ends likewise.
  virtual void answer(uint64_t order, const std::string& question) = 0;
  // Ends when the exchanges have ended, or at the drain deadline. When `for_good`, nobody goes on
  // with the listening sockets: their queues are emptied first and their files removed.
  // A second call cuts what is left.
  virtual void drain(bool for_good) = 0;
  virtual void reopen_logs() = 0;

 protected:
  ~Orders() = default;
};

class Superior {
 public:
  virtual ~Superior() = default;

  // From now on, until leave, orders arrive on this loop. [once]
  virtual void serve_under(Loop& loop, Orders& orders) = 0;
  // Loop and orders are about to go.
  virtual void leave() = 0;

  // A socket that listens there; opened, or kept by the superior since an earlier worker. The error
  // is a whole sentence.
  virtual Result<Listener> listen(const Address& address) = 0;
  // This worker needs the socket no more; who holds it closes it when no other worker does.
  virtual void release(const Address& address) = 0;

  // Nobody else listens there, or goes on to after this process.
  virtual bool is_last_holder(const Address& address) = 0;

  // The end of this process is the end of the service: nobody starts another one.
  virtual bool is_all_there_is() const = 0;

  // Serving has begun: who waits for it may be told.
  virtual void ready() = 0;
  // A moment's words for who watches from outside (systemctl status).
  virtual void status(const std::string& text) = 0;
  // This process is alive and none of its loops is stuck. [any]
  virtual void beat() = 0;
  // The order has been carried out, or refused.
  virtual void done(uint64_t order, const Outcome& outcome) = 0;

  // Asks for orders to all worker processes, this one too, in turn. A reload is for all of them or
  // for none: each prepares it, and when the first has failed none goes on. `told` hears one
  // outcome for each.
  using Told = std::function<void(const std::vector<Outcome>&)>;
  virtual void reload_all(Told told) = 0;
  virtual void ask_all(const std::string& question, Told told) = 0;
  virtual void drain_all() = 0;
  // A new executable takes over; `told` hears why not, or that it serves.
  virtual void upgrade(Told told) = 0;
};

}  // namespace weir
