// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"

#include "websocket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {

namespace {

constexpr size_t capacity = 64 * 1024;
constexpr std::string_view head_end = "\r\n\r\n";

// The load generator always sends the key of RFC 6455, 1.3, so the answer is the one given there.
constexpr std::string_view switching =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

// The value of a field, whatever the case of its name; `head` ends with a line's end.
std::optional<std::string_view> field(std::string_view head, std::string_view name) {
  size_t line = head.find('\n');
  while (line != std::string_view::npos && head.size() - line > name.size() + 1) {
    const std::string_view rest = head.substr(line + 1);
    if (rest[name.size()] == ':' && strncasecmp(rest.data(), name.data(), name.size()) == 0) {
      const size_t start = std::min(rest.find_first_not_of(' ', name.size() + 1), rest.size());
      return rest.substr(start, rest.find('\r', start) - start);
    }
    line = head.find('\n', line + 1);
  }
  return std::nullopt;
}

bool says(std::optional<std::string_view> value, std::string_view word) {
  return value && value->size() >= word.size() &&
         strncasecmp(value->data(), word.data(), word.size()) == 0;
}

}  // namespace

Connection::Connection(int descriptor, Pages& pages)
    : descriptor_(descriptor), pages_(pages), in_(new char[capacity]) {}

Connection::~Connection() { ::close(descriptor_); }

bool Connection::on_event(uint32_t events) {
  const bool reading_body = mode_ == Mode::body || mode_ == Mode::chunked;
  if (!reading_body && !flush()) return false;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return true;
  return receive(events);
}

// A short read means that nothing is left, unless the peer has closed behind it.
bool Connection::receive(uint32_t events) {
  while (held_ < capacity) {
    const size_t room = capacity - held_;
    const ssize_t got = ::recv(descriptor_, in_.get() + held_, room, 0);
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    held_ += static_cast<size_t>(got);
    if (!digest()) return false;
    if (static_cast<size_t>(got) < room && (events & EPOLLRDHUP) == 0) return true;
  }
  return true;
}

// Works on what was received until more is needed. False: the connection is over.
bool Connection::digest() {
  for (;;) {
    if (mode_ == Mode::websocket) {
      drop(echo_frames(reinterpret_cast<unsigned char*>(in_.get()), held_, echo_));
      return flush();
    }
    if (mode_ == Mode::body && !skip_body()) return true;
    if (mode_ == Mode::chunked && !skip_chunks()) return true;
    if (!flush()) return false;
    if (page_ != nullptr || held_ == 0) return true;
    if (!take_head()) return held_ < capacity;
  }
}

// False: the head is not whole yet.
bool Connection::take_head() {
  const std::string_view all(in_.get(), held_);
  const size_t end = all.find(head_end);
  if (end == std::string_view::npos) return false;
  answer(all.substr(0, end + 2));
  drop(end + head_end.size());
  return true;
}

void Connection::answer(std::string_view head) {
  const auto connection = field(head, "connection");
  const bool old = head.find("HTTP/1.0\r") != std::string_view::npos;
  closing_ = says(connection, "close") || (old && !says(connection, "keep-alive"));
  if (says(field(head, "upgrade"), "websocket")) {
    echo_ = switching;
    mode_ = Mode::websocket;
    return;
  }
  const size_t start = head.find(' ') + 1;
  page_ = &pages_.find(head.substr(start, head.find(' ', start) - start));
  page_sent_ = 0;
  if (!head.starts_with("GET ")) expect_body(head);
}

void Connection::expect_body(std::string_view head) {
  if (const auto length = field(head, "content-length")) {
    body_left_ = std::strtoull(std::string(*length).c_str(), nullptr, 10);
    if (body_left_ > 0) mode_ = Mode::body;
  } else if (field(head, "transfer-encoding")) {
    mode_ = Mode::chunked;
    end_seen_ = 0;
  }
  if (field(head, "expect")) {
    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    ::send(descriptor_, go_on.data(), go_on.size(), MSG_NOSIGNAL);
  }
}

// True: the body is over.
bool Connection::skip_body() {
  const size_t part = static_cast<size_t>(std::min<uint64_t>(body_left_, held_));
  body_left_ -= part;
  drop(part);
  if (body_left_ > 0) return false;
  mode_ = Mode::head;
  return true;
}

// Looks for the last chunk by its bytes, which the bodies sent here never hold.
bool Connection::skip_chunks() {
  constexpr std::string_view last = "0\r\n\r\n";
  size_t used = 0;
  while (used < held_ && end_seen_ < last.size()) {
    const char byte = in_[used++];
    end_seen_ = byte == last[end_seen_] ? end_seen_ + 1 : byte == last[0] ? 1 : 0;
  }
  drop(used);
  if (end_seen_ < last.size()) return false;
  mode_ = Mode::head;
  return true;
}

void Connection::drop(size_t bytes) {
  held_ -= bytes;
  if (held_ > 0) std::memmove(in_.get(), in_.get() + bytes, held_);
}

// Sends what is due. False: the connection is over. A page waits for the request's body to end.
bool Connection::flush() {
  while (page_ != nullptr && mode_ == Mode::head) {
    const ssize_t sent =
        ::send(descriptor_, page_->data() + page_sent_, page_->size() - page_sent_, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    page_sent_ += static_cast<size_t>(sent);
    if (page_sent_ < page_->size()) continue;
    page_ = nullptr;
    if (closing_) return false;
  }
  while (!echo_.empty()) {
    const ssize_t sent = ::send(descriptor_, echo_.data(), echo_.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    echo_.erase(0, static_cast<size_t>(sent));
  }
  return true;
}

}  // namespace bench
