// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <sys/epoll.h>

namespace bench {

namespace {

constexpr uint32_t readable = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;

constexpr const char* upgrade_request =
    "GET /ws HTTP/1.1\r\nHost: bench.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

std::string system_error(const char* what) {
  return std::string(what) + ": " + std::strerror(errno);
}

size_t length_bytes(size_t size) { return size < 126 ? 0 : size < 65536 ? 2 : 8; }

// A binary message as a client sends it, RFC 6455, 5.2; its mask is zero, so the payload stands.
std::string message(size_t size) {
  const size_t extra = length_bytes(size);
  std::string frame = "\x82";
  frame.push_back(static_cast<char>(0x80U | (extra == 0 ? size : extra == 2 ? 126 : 127)));
  for (size_t i = extra; i > 0; --i) frame.push_back(static_cast<char>(size >> (8 * (i - 1))));
  frame.append(4, '\0');
  frame.append(size, 'x');
  return frame;
}

}  // namespace

void Client::open() {
  const unsigned sources = run_.options.sources;
  const int source = sources > 0 ? static_cast<int>(run_.next_source++ % sources) : -1;
  used_ = false;
  start_ = Clock::now();
  if (!transport_.connect(run_.options.port, source)) {
    run_.tally.failed(Tally::Failure::connect, system_error("connect"));
    transport_.close();
    state_ = State::closed;
    return;
  }
  state_ = State::connecting;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = this;
  epoll_ctl(run_.epoll, EPOLL_CTL_ADD, transport_.descriptor(), &event);
}

void Client::on_event(uint32_t events) {
  if (state_ == State::closed) return;
  if (state_ == State::connecting && !connected(events)) return;
  if (state_ == State::handshaking) {
    advance_handshake();
    return;
  }
  if ((events & EPOLLOUT) != 0 && unsent()) send_more();
  if ((events & readable) != 0) receive(events);
}

// False: not yet, or not at all.
bool Client::connected(uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    errno = transport_.take_error();
    lost();
    return false;
  }
  if ((events & EPOLLOUT) == 0) return false;
  if (run_.options.tls) {
    transport_.start_tls(run_.tls);
    state_ = State::handshaking;
  } else {
    established();
  }
  return true;
}

void Client::advance_handshake() {
  switch (transport_.handshake()) {
    case Transport::Step::done:
      established();
      break;
    case Transport::Step::failed:
      lost();
      break;
    case Transport::Step::wait:
      break;
  }
}

void Client::established() {
  switch (run_.options.mode) {
    case Mode::handshake:
      handshake_done();
      break;
    case Mode::websocket:
      upgrade();
      break;
    case Mode::http:
    case Mode::idle:
      next();
  }
}

void Client::handshake_done() {
  if (SSL_session_reused(transport_.tls()) == 1) run_.tally.resumed();
  if (run_.options.resume && !run_.tls.session) run_.tls.session = take_ticket(transport_);
  run_.tally.completed(start_);
  SSL_shutdown(transport_.tls());
  reopen();
}

void Client::upgrade() {
  out_ = upgrade_request;
  out_sent_ = 0;
  response_.reset();
  state_ = State::upgrading;
  send_more();
}

// The connection is ready for a request.
void Client::next() {
  if (!run_.pacer.paces()) {
    request(Clock::now());
  } else if (const auto due = run_.pacer.take()) {
    request(*due);
  } else {
    state_ = State::free;
    run_.free.push_back(this);
  }
}

void Client::request(Clock::time_point intended) {
  start_ = intended;
  out_ = run_.heads[run_.next_head++ % run_.heads.size()];
  out_sent_ = 0;
  body_sent_ = 0;
  response_.reset();
  state_ = State::sending;
  send_more();
}

void Client::send_message() {
  const size_t size = run_.options.size;
  out_ = message(size);
  out_sent_ = 0;
  echo_left_ = 2 + length_bytes(size) + size;
  start_ = Clock::now();
  send_more();
}

bool Client::unsent() const {
  return out_sent_ < out_.size() || (state_ == State::sending && body_sent_ < run_.body.size());
}

// Errors of sending are left to the receive that follows, which knows what they mean.
void Client::send_more() {
  if (!send_from(out_, out_sent_)) return;
  if (state_ != State::sending) return;
  if (!send_from(run_.body, body_sent_)) return;
  state_ = State::receiving;
}

// True: all was sent.
bool Client::send_from(std::string_view bytes, size_t& sent) {
  constexpr size_t most = 64 * 1024;
  while (sent < bytes.size()) {
    const size_t part = std::min(bytes.size() - sent, most);
    const ssize_t wrote = transport_.write(bytes.data() + sent, part);
    if (wrote < 0) return false;
    sent += static_cast<size_t>(wrote);
  }
  return true;
}

// A short read of a plain socket means that nothing is left, unless an end came with it.
void Client::receive(uint32_t events) {
  static std::array<char, 256 * 1024> buffer;
  for (;;) {
    const ssize_t got = transport_.read(buffer.data(), buffer.size());
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      if (got == 0 && response_.ended_by_close()) {
        completed();
      } else {
        lost();
      }
      return;
    }
    const auto size = static_cast<size_t>(got);
    run_.tally.received(size);
    if (!consume({buffer.data(), size})) return;
    const bool ended = (events & (EPOLLRDHUP | EPOLLHUP)) != 0;
    if (size < buffer.size() && transport_.tls() == nullptr && !ended) return;
  }
}

// False: this connection is gone, and another may have taken its place.
bool Client::consume(std::string_view bytes) {
  while (!bytes.empty()) {
    if (state_ == State::echoing) {
      const size_t part = std::min(echo_left_, bytes.size());
      echo_left_ -= part;
      bytes.remove_prefix(part);
      if (echo_left_ > 0) continue;
      run_.tally.completed(start_);
      send_message();
    } else if (state_ == State::sending || state_ == State::receiving ||
               state_ == State::upgrading) {
      bytes.remove_prefix(response_.feed(bytes));
      if (!response_.over()) continue;
      if (state_ == State::upgrading) {
        upgraded();
      } else {
        completed();
      }
      if (state_ == State::connecting || state_ == State::closed) return false;
    } else {
      return true;
    }
  }
  return true;
}

void Client::upgraded() {
  if (response_.status() == 101) {
    state_ = State::echoing;
    send_message();
    return;
  }
  run_.tally.failed(Tally::Failure::status, "no 101 but " + std::to_string(response_.status()));
  reopen();
}

void Client::completed() {
  used_ = true;
  if (response_.status() >= 400) {
    run_.tally.failed(Tally::Failure::status, "status " + std::to_string(response_.status()));
  }
  run_.tally.completed(start_);
  if (run_.options.mode == Mode::idle) {
    state_ = State::held;
    ++run_.held;
  } else if (run_.options.close || response_.closes() || unsent()) {
    reopen();
  } else {
    next();
  }
}

void Client::lost() {
  switch (state_) {
    case State::free:
      std::erase(run_.free, this);
      break;
    case State::connecting:
    case State::handshaking:
      run_.tally.failed(Tally::Failure::connect, system_error("connect"));
      break;
    case State::sending:
    case State::receiving:
      if (used_ && !response_.begun()) {
        run_.tally.lost_before_response();
        break;
      }
      [[fallthrough]];
    default:
      run_.tally.failed(Tally::Failure::read, system_error("closed"));
  }
  reopen();
}

void Client::reopen() {
  transport_.close();
  state_ = State::closed;
  if (run_.options.mode != Mode::idle) open();
}

}  // namespace bench
