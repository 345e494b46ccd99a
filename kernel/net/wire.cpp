// SPDX-License-Identifier: Apache-2.0
#include "net/wire.hpp"

#include "base/body.hpp"
#include "base/keeper.hpp"
#include "net/socket.hpp"
#include "net/transport.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace weir {
namespace {

constexpr size_t most_vectors = 64;
constexpr uint64_t most_file_bytes = 512 * 1024;  // of one sendfile: other connections wait

}  // namespace

bool Wire::attach(Lane lane) {
  socket_ = std::move(lane.socket);
  transport_ = std::move(lane.transport);
  if (transport_ != nullptr) transport_->stand_on(socket_, *this);
  shaking_ = transport_ != nullptr && !lane.watched;
  if (!lane.watched) return loop_.watch(socket_.fd(), *this);
  // What has come already may lie in the transport, of which the system knows nothing.
  through_ = transport_ != nullptr && !transport_->passes_through();
  readable_ = writable_ = true;
  return loop_.watch_anew(socket_.fd(), *this);
}

Lane Wire::release() {
  loop_.forget(*this);
  readable_ = writable_ = through_ = shaking_ = false;
  return {std::move(socket_), std::move(transport_), true};
}

IoResult::Status Wire::shake_hands() {
  if (!shaking_) return IoResult::ok;
  const IoResult result = transport_->handshake();
  if (result.status == IoResult::ok) {
    shaking_ = false;
    through_ = !transport_->passes_through();
    readable_ = writable_ = true;
  }
  return result.status;
}

void Wire::hang_up_broken() {
  if (!attached()) return;
  let_go_of_pipe();
  loop_.forget(*this);
  through_ = false;
  transport_.reset();
  socket_.reset();
  out_.clear();
  readable_ = writable_ = false;
}

void Wire::hang_up() {
  out_.clear();
  let_go_of_pipe();
  if (!attached()) return;
  if (through_ && transport_->pending() == 0) transport_->end();
  through_ = false;
  transport_.reset();
  loop_.forget(*this);
  socket_ = Socket{};
  readable_ = writable_ = false;
}

void Wire::note(uint32_t events) {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) writable_ = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) peer_done_ = true;
  if ((events & EPOLLERR) != 0) peer_reset_ = true;
  if (transport_ == nullptr) return;
  transport_->note(events);
  if (through_) readable_ = writable_ = true;  // one direction may have waited for the other
}

IoResult Wire::receive(std::span<char> into) {
  const IoResult result = through_ ? transport_->receive(into) : socket_.receive(into);
  const bool short_read = result.status == IoResult::ok && result.n < into.size();
  // With the end in sight one more call is due, for it alone tells end from reset.
  // What a transport holds is its own to say.
  const bool empty = short_read && !peer_done_ && !through_;
  if (result.status == IoResult::again || empty) readable_ = false;
  return result;
}

bool Wire::socket_empty() const { return through_ ? transport_->socket_empty() : !readable_; }

IoResult Wire::send_some(bool more) {
  if (through_) return send_through(more);
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

// What does not lie in memory is brought there.
IoResult Wire::send_through(bool more) {
  const uint64_t before = unsent();
  const IoResult result = send_taken(more);
  // It could neither take nor deliver anything: the same call again would do no better.
  const bool idle = result.status == IoResult::ok && result.n == 0 && unsent() == before;
  return idle ? IoResult{} : result;
}

IoResult Wire::send_taken(bool more) {
  const auto file = out_.front_file();
  if (file.size != 0) {
    const std::span<char> room = pool_.file_room();
    const size_t wanted = std::min<uint64_t>(file.size, room.size());
    const ssize_t n = ::pread(file.descriptor, room.data(), wanted, static_cast<off_t>(file.at));
    if (n == 0) return {IoResult::eof, 0, 0};
    if (n < 0) return {IoResult::error, 0, errno};
    const iovec piece{room.data(), static_cast<size_t>(n)};
    const auto read = static_cast<uint64_t>(n);
    return transport_->send({&piece, 1}, more || out_.length() > read);
  }
  std::array<iovec, most_vectors> vectors;
  return transport_->send({vectors.data(), out_.gather(vectors)}, more);
}

void Wire::end_writing() {
  if (!through_) return socket_.shutdown_write();
  ends_writing_ = true;
  if (unsent() > 0 || transport_->end().status == IoResult::again) return;
  ends_writing_ = false;
  socket_.shutdown_write();
}

IoResult Wire::send_pieces(bool more) {
  std::array<iovec, most_vectors> vectors;
  return socket_.send({vectors.data(), out_.gather(vectors)}, more);
}

bool Wire::send_pending(bool then_ends) {
  while (writable_ && unsent() > 0) {
    const IoResult result = send_some(then_ends);
    if (result.status == IoResult::again) {
      writable_ = false;
    } else if (result.status != IoResult::ok) {
      return false;
    } else {
      out_.drop(result.n);
    }
  }
  if (ends_writing_) end_writing();
  return true;
}

}  // namespace weir
