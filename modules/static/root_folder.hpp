// SPDX-License-Identifier: Apache-2.0
//
// Opens files below a folder, and never anything else: openat2 refuses every step that would leave
// it, by ".." as by a link, even when somebody renames folders meanwhile. Kernels before 5.6 have
// no openat2; there each segment is opened by itself and links are not followed at all.
//
// The folder is opened anew for each request, so a site that is deployed by switching a link is
// seen at once.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum class Links : uint32_t { inside, never };

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }

  explicit operator bool() const { return number_ >= 0; }
  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_ = -1;
};

// A FIFO must not hold the loop, and a terminal must not become ours.
inline constexpr int read_flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

inline Descriptor open_root(const char* path) {
  return Descriptor{open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)};
}

// Without openat2; errno is ELOOP at a link.
inline Descriptor open_by_segments(int root, std::string_view path) {
  Descriptor folder;
  for (;;) {
    const size_t slash = path.find('/');
    std::array<char, 256> name{};  // NAME_MAX and its end
    const auto segment = path.substr(0, slash);
    if (segment.size() >= name.size() || segment == "..") {
      errno = ENAMETOOLONG;
      return {};
    }
    std::memcpy(name.data(), segment.data(), segment.size());
    const int at = folder ? folder.get() : root;
    if (slash == path.npos) return Descriptor{openat(at, name.data(), read_flags | O_NOFOLLOW)};
    Descriptor next{openat(at, name.data(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!next) return {};
    folder = std::move(next);
    path.remove_prefix(slash + 1);
  }
}

inline Descriptor open_beneath(int root, const char* path, Links links) {
  open_how how{};
  how.flags = read_flags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  if (links == Links::never) how.resolve |= RESOLVE_NO_SYMLINKS;
  for (int tries = 0; tries < 8; ++tries) {
    const long number = syscall(SYS_openat2, root, path, &how, sizeof how);
    if (number >= 0) return Descriptor{static_cast<int>(number)};
    if (errno == ENOSYS || errno == EPERM) return open_by_segments(root, path);  // or a seccomp
    if (errno != EAGAIN && errno != EINTR) return {};  // EAGAIN: a rename came between
  }
  return {};
}

enum class Kind : uint8_t { file, folder, missing, forbidden, exhausted, broken };

struct Opened {
  Kind kind = Kind::missing;
  Descriptor descriptor;
  uint64_t size = 0;
  timespec modified{};
};

inline Kind kind_of_error(int error) {
  switch (error) {
    case EACCES:
      return Kind::forbidden;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return Kind::exhausted;
    case EIO:
      return Kind::broken;
    default:
      return Kind::missing;  // ENOENT, ENOTDIR, and whatever leads out of the root
  }
}

// An empty path is the root itself.
inline Opened open_file(int root, const char* path, Links links) {
  Opened opened;
  opened.descriptor = open_beneath(root, *path == '\0' ? "." : path, links);
  struct stat status {};
  if (!opened.descriptor || fstat(opened.descriptor.get(), &status) != 0) {
    opened.kind = kind_of_error(errno);
    return opened;
  }
  if (S_ISDIR(status.st_mode)) {
    opened.kind = Kind::folder;
  } else if (S_ISREG(status.st_mode)) {
    opened.kind = Kind::file;
    opened.size = static_cast<uint64_t>(status.st_size);
    opened.modified = status.st_mtim;
  }
  return opened;
}
