// SPDX-License-Identifier: Apache-2.0
#include "serve/doors.hpp"

#include "base/result.hpp"
#include "conf/model.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"
#include "serve/inlet.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir {
namespace {

bool is_in(const Door& door, const std::vector<Door>& doors) {
  return std::any_of(doors.begin(), doors.end(),
                     [&](const Door& other) { return other.number == door.number; });
}

}  // namespace

Result<std::vector<Door>> Doors::prepare(const conf::Model& model) {
  discard();
  for (const conf::Listener& written : model.listeners) {
    const auto address = Address::from(written.address);
    if (!address) {
      discard();
      return Error{"cannot listen on " + written.written +
                   ": a listener needs an address, not a name"};
    }
    const auto known = std::find_if(open_.begin(), open_.end(), [&](const Door& door) {
      return door.asked == *address && !is_in(door, prepared_);
    });
    if (known != open_.end()) {
      prepared_.push_back(*known);
      continue;
    }
    auto listener = superior_.listen(*address);
    if (!listener) {
      discard();
      return listener.error();
    }
    added_.push_back({++last_number_, *address, std::make_shared<Listener>(std::move(*listener))});
    prepared_.push_back(added_.back());
  }
  return prepared_;
}

std::vector<Door> Doors::unwanted() const {
  std::vector<Door> doors;
  for (const Door& door : open_) {
    if (!is_in(door, prepared_)) doors.push_back(door);
  }
  return doors;
}

void Doors::commit() {
  for (const Door& door : unwanted()) superior_.release(door.asked);
  open_ = std::move(prepared_);
  prepared_.clear();
  added_.clear();
}

void Doors::discard() {
  for (const Door& door : added_) superior_.release(door.asked);
  prepared_.clear();
  added_.clear();
}

void Doors::close(bool for_good) {
  for (const Door& door : open_) {
    if (for_good) superior_.release(door.asked);
  }
  open_.clear();
}

}  // namespace weir
