// SPDX-License-Identifier: Apache-2.0
#include "supervise/sockets.hpp"

#include "base/result.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"
#include "supervise/descriptor.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weir {
namespace {

// The path of a Unix socket's file; empty: it has none.
std::string file_of(const Address& address) {
  const auto path = address.path();
  return path.empty() || path[0] == '\0' ? std::string{} : std::string(path);
}

Result<Descriptor> copy_of(const Listener& listener) {
  Descriptor copy(::fcntl(listener.fd(), F_DUPFD_CLOEXEC, 0));
  if (copy) return copy;
  return Error{"cannot listen on " + listener.address().to_string() + ": " +
               std::generic_category().message(errno)};
}

}  // namespace

Sockets::File Sockets::identify(const Address& address) {
  File file{file_of(address), 0, 0};
  struct stat status {};
  if (file.path.empty() || ::lstat(file.path.c_str(), &status) != 0) return {};
  file.device = status.st_dev;
  file.inode = status.st_ino;
  return file;
}

void Sockets::remove(const File& file) {
  struct stat status {};
  if (file.path.empty() || ::lstat(file.path.c_str(), &status) != 0) return;
  if (status.st_dev == file.device && status.st_ino == file.inode) ::unlink(file.path.c_str());
}

void Sockets::keep(const Address& asked, Listener listener) {
  File file = identify(listener.address());
  kept_.push_back({asked, std::move(listener), {}, std::move(file)});
}

Result<Descriptor> Sockets::give(const Address& asked, uint64_t holder) {
  if (!open_) return Error{"cannot listen on " + asked.to_string() + ": weir is ending"};
  auto found = std::ranges::find_if(kept_, [&](const Kept& each) {
    return each.asked == asked && !each.holders.contains(holder);
  });
  if (found == kept_.end()) {
    auto opened = Listener::open(asked);
    if (!opened) return opened.error();
    keep(asked, std::move(*opened));
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

void Sockets::forget(uint64_t holder) {
  for (Kept& each : kept_) each.holders.erase(holder);
}

void Sockets::close_unheld() {
  std::erase_if(kept_, [](const Kept& each) {
    if (!each.holders.empty()) return false;
    remove(each.file);
    return true;
  });
}

void Sockets::shut_doors() {
  for (Kept& each : kept_) each.listener.shut_door();
}

void Sockets::close_all() {
  open_ = false;
  for (Kept& each : kept_) files_.push_back(std::move(each.file));
  kept_.clear();
}

void Sockets::remove_files() {
  for (const File& each : files_) remove(each);
  files_.clear();
}

}  // namespace weir
