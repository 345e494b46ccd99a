// SPDX-License-Identifier: Apache-2.0
#include "supervise/handed_sockets.hpp"

#include "net/address.hpp"
#include "net/listener.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): unsetenv
#include <sys/socket.h>
#include <unistd.h>

namespace weir {
namespace {

constexpr int first_fd = 3;
constexpr int most = 1024;

// Gone from the environment; nothing when it was not there.
std::optional<std::string> taken(const char* name) {
  const char* const value = ::getenv(name);
  if (value == nullptr) return {};
  std::string text = value;
  ::unsetenv(name);
  return text;
}

std::optional<int> count_of(const std::string& text) {
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole || count < 0 || count > most) return {};
  return count;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char letter : text) {
    if (letter == ':') {
      parts.emplace_back();
    } else {
      parts.back() += letter;
    }
  }
  return parts;
}

bool is_stream(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

std::string socket_text(int fd, const std::string& name) {
  return "socket \"" + name + "\" (descriptor " + std::to_string(fd) + ") of the service manager: ";
}

Address every_ipv4(uint16_t port) {
  Address address = *Address::parse("0.0.0.0:0");
  address.set_port(port);
  return address;
}

}  // namespace

HandedSockets HandedSockets::take() {
  HandedSockets sockets;
  const auto process = taken("LISTEN_PID");
  const auto number = taken("LISTEN_FDS");
  const auto names = taken("LISTEN_FDNAMES");
  taken("LISTEN_PIDFDID");
  if (!process || !number) return sockets;
  if (*process != std::to_string(::getpid())) {
    sockets.mistakes_.push_back("LISTEN_PID is " + *process + ", and this is process " +
                                std::to_string(::getpid()) +
                                ": the service manager's sockets are not for it; does a script "
                                "start weir without exec?");
    return sockets;
  }
  const auto count = count_of(*number);
  if (!count) {
    sockets.mistakes_.push_back("LISTEN_FDS is \"" + *number + "\", which is no number up to " +
                                std::to_string(most));
    return sockets;
  }
  const auto parts = split(names.value_or(""));
  for (size_t i = 0; i < static_cast<size_t>(*count); ++i) {
    const bool named = i < parts.size() && !parts[i].empty();
    sockets.adopt(first_fd + static_cast<int>(i), named ? parts[i] : "unknown");
  }
  return sockets;
}

void HandedSockets::adopt(int fd, const std::string& name) {
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
    mistakes_.push_back(socket_text(fd, name) + "it is not open");
    return;
  }
  const auto refuse = [&](const char* why) {
    mistakes_.push_back(socket_text(fd, name) + why);
    ::close(fd);
  };
  if (!is_stream(fd)) return refuse("it is no stream socket; in its unit, write ListenStream=");
  auto listener = Listener::adopt(fd);
  if (!listener) return refuse("it does not listen; in its unit, write Accept=no");
  if (listener->address().family() == Address::Family::none) {
    mistakes_.push_back(socket_text(fd, name) + "it is neither TCP nor a Unix socket");
    return;  // the listener closes it
  }
  held_.push_back({name, std::move(*listener)});
}

std::vector<std::string> HandedSockets::unasked() const {
  std::vector<std::string> texts;
  texts.reserve(held_.size());
  for (const HandedSocket& held : held_) {
    texts.push_back("socket \"" + held.name + "\" of the service manager listens on " +
                    held.listener.address().to_string() +
                    ", where the file has no [[listener]]: who connects there waits");
  }
  return texts;
}

std::optional<Listener> HandedSockets::give(const Address& wanted) {
  const auto at = [this](const Address& address) {
    return std::ranges::find(
        held_, address, [](const auto& held) -> auto& { return held.listener.address(); });
  };
  auto found = at(wanted);
  if (found == held_.end() && wanted.any()) found = at(every_ipv4(wanted.port()));
  if (found == held_.end()) return {};
  Listener listener = std::move(found->listener);
  held_.erase(found);
  return listener;
}

}  // namespace weir
