// SPDX-License-Identifier: Apache-2.0
#include "net/wire.hpp"

#include "base/body.hpp"
#include "base/keeper.hpp"
#include "net/socket.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace weir {
namespace {

constexpr size_t most_vectors = 64;
constexpr uint64_t most_file_bytes = 512 * 1024;  // of one sendfile: other connections wait

}  // namespace

bool Wire::attach(Socket socket) {
  socket_ = std::move(socket);
  return loop_.watch(socket_.fd(), *this);
}

void Wire::hang_up_broken() {
  if (!attached()) return;
  let_go_of_pipe();
  loop_.forget(*this);
  socket_.reset();
  out_.clear();
  readable_ = writable_ = false;
}

void Wire::hang_up() {
  out_.clear();
  let_go_of_pipe();
  if (!attached()) return;
  loop_.forget(*this);
  socket_ = Socket{};
  readable_ = writable_ = false;
}

void Wire::note(uint32_t events) {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) writable_ = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) peer_done_ = true;
  if ((events & EPOLLERR) != 0) peer_reset_ = true;
}

IoResult Wire::receive(std::span<char> into) {
  const IoResult result = socket_.receive(into);
  const bool short_read = result.status == IoResult::ok && result.n < into.size();
  // With the end in sight one more call is due, for it alone tells end from reset.
  if (result.status == IoResult::again || (short_read && !peer_done_)) readable_ = false;
  return result;
}

IoResult Wire::send_some(bool more) {
  const auto file = out_.front_file();
  if (file.size != 0) {
    return socket_.send_file(file.descriptor, file.at, std::min(file.size, most_file_bytes));
  }
  const auto piped = out_.front_piped();
  if (piped.size != 0) return send_piped(piped);
  // One piece needs no list of pieces, which the system would have to copy and check.
  const std::string_view whole = out_.only_piece();
  return whole.empty() ? send_pieces(more) : socket_.send(whole, more);
}

// A refused splice may be the pipe's doing in theory only: what is queued is in it.
IoResult Wire::send_piped(const Body::PipedBytes& bytes) {
  const IoResult result = socket_.splice_from(bytes.pipe->out, bytes.size);
  if (result.status == IoResult::ok) bytes.pipe->held -= result.n;
  return result;
}

IoResult Wire::receive_piped(Body& into, uint64_t most) {
  if (pipe_ == nullptr) pipe_ = pool_.pipes().take();
  if (pipe_ == nullptr) return {};
  const IoResult result = socket_.splice_to(pipe_->in, most);
  if (result.status == IoResult::ok) {
    pipe_->held += result.n;
    into.put_piped(*pipe_, result.n);
  } else if (result.status == IoResult::again && pipe_->held == 0) {
    readable_ = false;
  }
  return result;
}

void Wire::let_go_of_pipe() { unref(std::exchange(pipe_, nullptr)); }

IoResult Wire::send_pieces(bool more) {
  std::array<iovec, most_vectors> vectors;
  return socket_.send({vectors.data(), out_.gather(vectors)}, more);
}

bool Wire::send_pending(bool then_ends) {
  while (writable_ && !out_.empty()) {
    const IoResult result = send_some(then_ends);
    if (result.status == IoResult::again) {
      writable_ = false;
    } else if (result.status != IoResult::ok) {
      return false;
    } else {
      out_.drop(result.n);
    }
  }
  return true;
}

}  // namespace weir
