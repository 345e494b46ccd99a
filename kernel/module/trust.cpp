// SPDX-License-Identifier: Apache-2.0
#include "module/trust.hpp"

#include "module/refusal.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): realpath
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

namespace weir {

namespace {

constexpr off_t largest_module = off_t{256} << 20;

struct Descriptor {
  explicit Descriptor(int opened) : fd(opened) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd;
};

std::string user_name(uid_t user) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found);
  const std::string number = "uid " + std::to_string(user);
  return found == nullptr ? number : std::string{found->pw_name} + " (" + number + ")";
}

std::string octal(mode_t mode) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777));
  return text.data();
}

// `thing` starts the sentence: "file" or "folder".
std::optional<LoadRefusal> distrust(const std::string& thing, const std::string& path,
                                    const struct stat& status) {
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return LoadRefusal{thing + " belongs to " + user_name(status.st_uid) +
                           ", who could put code into this process",
                       "run: chown root " + path};
  }
  const bool sticky = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) == 0 || sticky) return std::nullopt;
  const char* who = (status.st_mode & S_IWOTH) != 0 ? "everyone" : "its group";
  return LoadRefusal{thing + " is writable by " + who + " (mode " + octal(status.st_mode) +
                         "), who could put code into this process",
                     "run: chmod go-w " + path};
}

std::optional<LoadRefusal> distrust_folders(std::string path) {
  while (path.size() > 1) {
    path.resize(path.rfind('/'));
    if (path.empty()) path = "/";
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
      return LoadRefusal{"folder " + path + ": " + std::strerror(errno), "make it readable"};
    }
    if (auto refusal = distrust("the folder " + path, path, status)) return refusal;
  }
  return std::nullopt;
}

Loaded<std::vector<char>> read_all(int fd, size_t size) {
  std::vector<char> bytes(size);
  for (size_t at = 0; at < size;) {
    const ssize_t got = ::read(fd, bytes.data() + at, size - at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return LoadRefusal{got == 0 ? "became shorter while it was read"
                                  : std::string{"cannot be read: "} + std::strerror(errno),
                         "try again"};
    }
    at += static_cast<size_t>(got);
  }
  return bytes;
}

}  // namespace

Loaded<TrustedFile> read_trusted(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real{::realpath(path.c_str(), nullptr),
                                                         &std::free};
  if (real == nullptr) {
    return LoadRefusal{std::string{"cannot be opened: "} + std::strerror(errno), "check the path"};
  }
  // Not blocking: the path may name a pipe.
  const Descriptor file{::open(real.get(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  struct stat status {};
  if (file.fd < 0 || ::fstat(file.fd, &status) != 0) {
    return LoadRefusal{std::string{"cannot be opened: "} + std::strerror(errno),
                       "make it readable for " + user_name(::geteuid())};
  }
  if (!S_ISREG(status.st_mode)) {
    return LoadRefusal{"is no regular file", "give the path of the .so file"};
  }
  if (auto refusal = distrust("the file", real.get(), status)) return *refusal;
  if (auto refusal = distrust_folders(real.get())) return *refusal;
  if (status.st_size > largest_module) {
    return LoadRefusal{"is larger than 256 MiB", "strip it of debug data"};
  }
  auto bytes = read_all(file.fd, static_cast<size_t>(status.st_size));
  if (!bytes) return bytes.error();
  return TrustedFile{real.get(), std::move(*bytes)};
}

}  // namespace weir
