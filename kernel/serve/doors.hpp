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

#include <span>
#include <string>
#include <vector>

namespace weir {

class Doors {
 public:
  explicit Doors(Superior& superior) : superior_(superior) {}
  ~Doors() { discard(); }
  Doors(const Doors&) = delete;
  Doors& operator=(const Doors&) = delete;

  // A door for each listener of the model, in its order; those that are open already, or new ones.
  // The error is a whole sentence. Then comes commit or discard.
  Result<std::vector<Door>> prepare(const conf::Model& model);

  // Prepared doors that are not open yet to anybody.
  std::span<const Door> added() const { return added_; }
  // Doors that the prepared model has no use for.
  std::vector<Door> unwanted() const;

  // The unwanted ones are given back; what waits in their queues has been taken.
  void commit();
  void discard();

  // All of them; when `for_good` nobody goes on with them.
  void close(bool for_good);

  const std::vector<Door>& open() const { return open_; }

 private:
  Superior& superior_;
  std::vector<Door> open_;
  std::vector<Door> prepared_;
  std::vector<Door> added_;
  uint32_t last_number_ = 0;
};

}  // namespace weir
