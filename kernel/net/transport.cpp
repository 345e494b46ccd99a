// SPDX-License-Identifier: Apache-2.0
#include "net/transport.hpp"

#include "net/socket.hpp"

#include <cstdint>
#include <span>

namespace weir {

void Transport::note(uint32_t events) {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) writable_ = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) peer_done_ = true;
}

IoResult Transport::receive_plain(std::span<char> into, bool peek) {
  if (!readable_) return {};
  if (peek) return show(into);
  const IoResult result = socket_->receive(into);
  const bool short_read = result.status == IoResult::ok && result.n < into.size();
  if (result.status == IoResult::again || (short_read && !peer_done_)) readable_ = false;
  failed_ = failed_ || result.status == IoResult::error;
  return result;
}

// What it shows is still there. Of a peer that has ended the same bytes again are the last.
IoResult Transport::show(std::span<char> into) {
  const IoResult seen = socket_->peek(into);
  if (seen.status == IoResult::again) readable_ = false;
  if (seen.status != IoResult::ok) return seen;
  const bool last = peer_done_ && seen.n == shown_;
  shown_ = seen.n;
  return last ? IoResult{IoResult::eof, 0, 0} : seen;
}

IoResult Transport::send_plain(std::span<const iovec> pieces, bool more) {
  if (!writable_) return {};
  const IoResult result = socket_->send(pieces, more);
  if (result.status == IoResult::again) writable_ = false;
  failed_ = failed_ || result.status == IoResult::error;
  return result;
}

}  // namespace weir
