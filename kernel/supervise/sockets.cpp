// SPDX-License-Identifier: Apache-2.0
#include "supervise/sockets.hpp"

#include "base/result.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"
#include "supervise/descriptor.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>

namespace weir {
namespace {

Result<Descriptor> copy_of(const Listener& listener) {
  Descriptor copy(::fcntl(listener.fd(), F_DUPFD_CLOEXEC, 0));
  if (copy) return copy;
  return Error{"cannot listen on " + listener.address().to_string() + ": " +
               std::generic_category().message(errno)};
}

}  // namespace

void Sockets::keep(const Address& asked, Listener listener, bool handed) {
  kept_.push_back({asked, std::move(listener), {}, handed});
}

bool Sockets::any_handed() const {
  return std::ranges::any_of(kept_, [](const Kept& each) { return each.handed; });
}

Result<Descriptor> Sockets::give(const Address& asked, uint64_t holder) {
  if (!open_) return Error{"cannot listen on " + asked.to_string() + ": weir is ending"};
  auto found = std::ranges::find_if(kept_, [&](const Kept& each) {
    return each.asked == asked && !each.holders.contains(holder);
  });
  if (found == kept_.end()) {
    if (auto handed = handed_.give(asked)) {
      keep(asked, std::move(*handed), true);
    } else {
      auto opened = Listener::open(asked);
      if (!opened) return opened.error();
      keep(asked, std::move(*opened));
    }
    found = kept_.end() - 1;
  }
  found->holders.insert(holder);
  return copy_of(found->listener);
}

void Sockets::release(const Address& address, uint64_t holder) {
  const auto found = std::ranges::find_if(kept_, [&](const Kept& each) {
    return (each.asked == address || each.listener.address() == address) &&
           each.holders.contains(holder);
  });
  if (found != kept_.end()) found->holders.erase(holder);
}

bool Sockets::is_last(const Address& address, uint64_t holder) const {
  const auto found = std::ranges::find_if(kept_, [&](const Kept& each) {
    return each.asked == address && each.holders.contains(holder);
  });
  return found != kept_.end() && !found->handed && found->holders.size() == 1;
}

void Sockets::forget(uint64_t holder) {
  for (Kept& each : kept_) each.holders.erase(holder);
}

void Sockets::close_unheld() {
  std::erase_if(kept_, [&](const Kept& each) {
    if (each.handed || !each.holders.empty()) return false;
    closed_.push_back(each.listener.address());
    return true;
  });
}

void Sockets::close_all() {
  open_ = false;
  for (const Kept& each : kept_) {
    if (!each.handed) closed_.push_back(each.listener.address());
  }
  kept_.clear();
}

void Sockets::remove_files() {
  for (const Address& each : closed_) Listener::remove_stale_file(each);
  closed_.clear();
}

}  // namespace weir
