// SPDX-License-Identifier: Apache-2.0
//
// The listening sockets of the process. One that a new generation still wants is kept, whatever has
// become of its place and name in the file.
//
// Thread: control.
#pragma once

#include "base/result.hpp"
#include "conf/model.hpp"
#include "serve/inlet.hpp"
#include "supervise/superior.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir {

class Doors {
 public:
  // `given_back` hears that gives_back has become false, in the middle of what made it so.
  Doors(Superior& superior, std::function<void()> given_back)
      : superior_(superior), given_back_(std::move(given_back)) {}
  ~Doors() { discard(); }
  Doors(const Doors&) = delete;
  Doors& operator=(const Doors&) = delete;

  // A door for each listener of the model, in its order; those that are open already, or new ones.
  // The error is a whole sentence. Then comes commit or discard.
  Result<std::vector<Door>> prepare(const conf::Model& model);

  // Shuts those that the prepared model has no use for, unless somebody else goes on with them;
  // true: clients may be on their way through one.
  bool shut_unwanted() const;

  // The unwanted ones are given back; what waits in their queues has been taken.
  void commit();
  // What was opened for the prepared model is given back when this process has closed it, so with
  // the last copy of the result, which ends on control, before this.
  std::shared_ptr<const void> discard();
  // Such a result is there still, and with it a socket: who listens there again finds it in use.
  bool gives_back() const { return giving_back_ > 0; }

  // All of them; when `for_good` nobody goes on with them.
  void close(bool for_good);

  const std::vector<Door>& open() const { return open_; }

 private:
  std::vector<Door> unwanted() const;
  void give_back(std::vector<Door> doors);

  Superior& superior_;
  std::function<void()> given_back_;
  size_t giving_back_ = 0;  // results of discard
  std::vector<Door> open_;
  std::vector<Door> prepared_;
  std::vector<Door> added_;
  uint32_t last_number_ = 0;
};

}  // namespace weir
