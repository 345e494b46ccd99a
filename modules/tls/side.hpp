// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <weir/link.hpp>
#include <weir/types.hpp>

#include "connection.hpp"
#include "sessions.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

struct Told {  // for the log
  weir::Level level;
  std::string text;
};

// An endpoint that is to prove who it is, such as a socket of the system, has no name.
class NoName : public std::runtime_error {
 public:
  NoName() : std::runtime_error("it has no name that it could prove: set server_name") {}
};

// What an instance is: the listener's side or the upstream's. Shared with the pool thread that
// looks at files, which may outlive the instance; so it refers to nothing of it.
class Side {
 public:
  Side() = default;
  virtual ~Side() = default;
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;

  // Null: it cannot be, the link ends. Throws NoName. `sessions` lasts longer than the connection.
  // [W]
  virtual std::unique_ptr<Connection> open(weir::Link link, Sessions& sessions) const = 0;

  // The file that it belongs to goes live. False, after a line in the log: it cannot.         [C]
  virtual bool start() = 0;
  virtual void adopt(const Side&) {}  // [C]

  // Looks whether files have changed, and takes over those that are good.  [P], one call at a time
  virtual std::vector<Told> renew() = 0;
};
