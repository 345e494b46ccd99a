// SPDX-License-Identifier: Apache-2.0
#include "serve/doors.hpp"

#include "base/result.hpp"
#include "conf/model.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"
#include "serve/inlet.hpp"

#include <algorithm>
#include <memory>
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

bool Doors::shut_unwanted() const {
  bool shut = false;
  for (const Door& door : unwanted()) {
    if (!superior_.is_last_holder(door.asked)) continue;
    door.listener->shut_door();
    shut = true;
  }
  return shut;
}

// Given back when it is closed here, so that the superior's is the last one.
void Doors::give_back(std::vector<Door> doors) {
  std::vector<Address> addresses;
  addresses.reserve(doors.size());
  for (const Door& door : doors) addresses.push_back(door.asked);
  doors.clear();
  for (const Address& address : addresses) superior_.release(address);
}

void Doors::commit() {
  std::vector<Door> former = unwanted();
  open_ = std::move(prepared_);
  prepared_.clear();
  added_.clear();
  give_back(std::move(former));
}

std::shared_ptr<const void> Doors::discard() {
  prepared_.clear();
  if (added_.empty()) return nullptr;
  auto added = std::make_unique<std::vector<Door>>(std::exchange(added_, {}));
  ++giving_back_;
  return std::shared_ptr<std::vector<Door>>(added.release(), [this](std::vector<Door>* doors) {
    give_back(std::move(*doors));
    delete doors;
    if (--giving_back_ == 0) given_back_();
  });
}

void Doors::close(bool for_good) {
  std::vector<Door> former = std::exchange(open_, {});
  if (for_good) give_back(std::move(former));
}

}  // namespace weir
