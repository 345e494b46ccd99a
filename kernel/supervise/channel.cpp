// SPDX-License-Identifier: Apache-2.0
#include "supervise/channel.hpp"

#include "base/result.hpp"
#include "supervise/descriptor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <sys/types.h>

namespace weir {
namespace {

constexpr size_t piece = 16 << 10;

struct Head {
  uint32_t kind;
  uint16_t good;
  uint16_t more;  // the text goes on in the next packet
  uint64_t order;
};

union Control {  // room and alignment for one descriptor: cmsg(3)
  std::array<char, CMSG_SPACE(sizeof(int))> bytes;
  cmsghdr head;
};

// The first descriptor is kept, others are closed.
Descriptor descriptor_of(msghdr& header) {
  Descriptor taken;
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(each) + i * sizeof fd, sizeof fd);
      Descriptor received(fd);
      if (!taken) taken = std::move(received);
    }
  }
  return taken;
}

}  // namespace

Result<Channel::Ends> Channel::pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) < 0) {
    return Error{"socketpair: " + std::generic_category().message(errno)};
  }
  return Ends{Channel(Descriptor(ends[0])), Channel(Descriptor(ends[1]))};
}

void Channel::send(Message message) {
  std::string_view rest = message.text;
  do {
    const std::string_view now = rest.substr(0, piece);
    rest.remove_prefix(now.size());
    const Head head{static_cast<uint32_t>(message.kind), static_cast<uint16_t>(message.good),
                    static_cast<uint16_t>(!rest.empty()), message.order};
    Packet packet;
    packet.bytes.resize(sizeof head + now.size());
    std::memcpy(packet.bytes.data(), &head, sizeof head);
    std::copy(now.begin(), now.end(), packet.bytes.begin() + sizeof head);
    packet.fd = std::move(message.fd);
    unsent_bytes_ += packet.bytes.size();
    unsent_.push_back(std::move(packet));
  } while (!rest.empty());
  flush();
}

void Channel::flush() {
  while (!unsent_.empty() && put(unsent_.front())) {
    unsent_bytes_ -= unsent_.front().bytes.size();
    unsent_.pop_front();
  }
}

// False: not now. What cannot be sent at all is dropped; that the other side is gone is learned by
// receiving.
bool Channel::put(const Packet& packet) {
  iovec bytes{const_cast<char*>(packet.bytes.data()), packet.bytes.size()};
  msghdr header{};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  Control control{};
  if (packet.fd) {
    header.msg_control = control.bytes.data();
    header.msg_controllen = control.bytes.size();
    cmsghdr* const rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    const int fd = packet.fd.get();
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  }
  const ssize_t sent = ::sendmsg(fd(), &header, MSG_NOSIGNAL);
  return sent >= 0 || (errno != EAGAIN && errno != EINTR && errno != ENOBUFS);
}

void Channel::beat() const {
  const Head head{static_cast<uint32_t>(Message::Kind::beat), 1, 0, 0};
  ::send(fd(), &head, sizeof head, MSG_NOSIGNAL);
}

Channel::Got Channel::end() {
  ended_ = true;
  return Got::nothing;
}

Channel::Got Channel::get(Message& part) {
  std::array<char, sizeof(Head) + piece> buffer;  // NOLINT(*-member-init) written by recvmsg
  iovec bytes{buffer.data(), buffer.size()};
  Control control{};
  msghdr header{};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes.data();
  header.msg_controllen = control.bytes.size();
  ssize_t n = -1;
  do {
    n = ::recvmsg(fd(), &header, MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return errno == EAGAIN ? Got::nothing : end();
  part.fd = descriptor_of(header);
  Head head{};
  if (n < static_cast<ssize_t>(sizeof head) || (header.msg_flags & MSG_TRUNC) != 0) return end();
  std::memcpy(&head, buffer.data(), sizeof head);
  if (head.kind > static_cast<uint32_t>(Message::last_kind)) return end();
  part.kind = static_cast<Message::Kind>(head.kind);
  part.good = head.good != 0;
  part.order = head.order;
  part.text.assign(buffer.data() + sizeof head, static_cast<size_t>(n) - sizeof head);
  return head.more != 0 ? Got::part : Got::whole;
}

std::optional<Message> Channel::receive() {
  while (!ended_) {
    Message part;
    const Got got = get(part);
    if (got == Got::nothing) return {};
    if (part.kind == Message::Kind::beat) return part;  // may come between the parts of another
    if (!partial_) {
      partial_ = std::move(part);
    } else {
      partial_->text += part.text;
    }
    if (partial_->text.size() > longest_text) return end(), std::nullopt;
    if (got == Got::whole) return std::exchange(partial_, std::nullopt);
  }
  return {};
}

void Channel::await() const {
  pollfd asked{fd(), static_cast<short>(unsent_.empty() ? POLLIN : POLLIN | POLLOUT), 0};
  ::poll(&asked, 1, -1);
}

}  // namespace weir
