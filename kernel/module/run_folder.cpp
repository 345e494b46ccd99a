// SPDX-License-Identifier: Apache-2.0
#include "module/run_folder.hpp"

#include "module/refusal.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp, secure_getenv
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <unistd.h>

namespace weir {

namespace {

namespace fs = std::filesystem;

std::string prefix() { return "weir-" + std::to_string(::geteuid()) + "-"; }

bool maps_code(const char* folder) {
  struct statvfs status {};
  return ::statvfs(folder, &status) == 0 && (status.f_flag & (ST_NOEXEC | ST_RDONLY)) == 0 &&
         ::access(folder, W_OK | X_OK) == 0;
}

std::string default_parent() {
  for (const char* folder :
       {static_cast<const char*>(::secure_getenv("XDG_RUNTIME_DIR")), "/tmp"}) {
    if (folder != nullptr && folder[0] == '/' && maps_code(folder)) return folder;
  }
  return "/var/tmp";
}

// Whether the name is one that create() gives: weir-UID-PID-XXXXXX.
bool is_run_folder(std::string_view name) {
  if (!name.starts_with(prefix())) return false;
  const auto rest = name.substr(prefix().size());
  const auto digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  return digits > 0 && rest.size() == digits + 7 && rest[digits] == '-';
}

// The locked descriptor of a folder of ours, or -1: it is not ours, or (with LOCK_NB) its owner
// lives.
int lock_folder(const std::string& path, int how) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat status {};
  const bool mine = fd >= 0 && ::fstat(fd, &status) == 0 && status.st_uid == ::geteuid() &&
                    (status.st_mode & 077) == 0 && ::flock(fd, how) == 0;
  if (mine) return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

// The copies and then the folder; whatever else lies there keeps it.
void remove_folder(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{folder, error}) {
    const auto extension = entry.path().extension();
    if (extension == ".so" || extension == ".new") fs::remove(entry.path(), error);
  }
  fs::remove(folder, error);
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

bool write_all(int fd, std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(put));
  }
  return true;
}

}  // namespace

RunFolder::RunFolder(std::string parent)
    : parent_(parent.empty() ? default_parent() : std::move(parent)), owner_(::getpid()) {}

RunFolder::~RunFolder() {
  if (lock_ < 0) return;
  if (owner_ == ::getpid()) remove_folder(path_);
  ::close(lock_);
}

// Removes what dead processes of this user left.
void RunFolder::sweep() const {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{parent_, error}) {
    const auto& path = entry.path();
    if (!is_run_folder(path.filename().string()) || path == path_) continue;
    const int fd = lock_folder(path, LOCK_EX | LOCK_NB);
    if (fd < 0) continue;
    remove_folder(path);
    ::close(fd);
  }
}

Loaded<std::string> RunFolder::create() {
  if (lock_ >= 0 && exists(path_)) return path_;
  // Another process that sweeps just now may take a new folder for a dead one before it is locked.
  for (int attempt = 0; attempt < 20; ++attempt) {
    if (lock_ >= 0) ::close(lock_);
    lock_ = -1;
    path_ = parent_ + "/" + prefix() + std::to_string(owner_) + "-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) break;
    lock_ = lock_folder(path_, LOCK_EX);
    if (lock_ < 0 || !exists(path_)) continue;
    sweep();
    return path_;
  }
  return LoadRefusal{"no run folder can be made in " + parent_ + ": " + std::strerror(errno),
                     "make it writable, or set XDG_RUNTIME_DIR to another folder"};
}

Loaded<std::string> RunFolder::copy(const std::string& name, std::span<const char> bytes) {
  const auto folder = create();
  if (!folder) return folder.error();
  const std::string path = *folder + "/" + name;
  if (::access(path.c_str(), R_OK) == 0) return path;
  const std::string unfinished = path + ".new";
  const int fd = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0500);
  const bool written = fd >= 0 && write_all(fd, bytes);
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!written || ::rename(unfinished.c_str(), path.c_str()) != 0) {
    return LoadRefusal{"no copy of it can be written to " + *folder + ": " +
                           std::strerror(written ? errno : error),
                       "make room there, or set XDG_RUNTIME_DIR to another folder"};
  }
  return path;
}

}  // namespace weir
