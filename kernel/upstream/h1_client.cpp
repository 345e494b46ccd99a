// SPDX-License-Identifier: Apache-2.0
#include "upstream/h1_client.hpp"

#include <weir/module.h>

#include "base/body.hpp"
#include "base/clock.hpp"
#include "base/contract.hpp"
#include "event/loop.hpp"
#include "event/timers.hpp"
#include "http/chunk.hpp"
#include "http/h1_reader.hpp"
#include "http/h1_writer.hpp"
#include "http/head.hpp"
#include "http/stream.hpp"
#include "net/socket.hpp"
#include "net/transport.hpp"
#include "net/wire.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace weir {
namespace {

constexpr size_t most_added = 128;  // bytes of a head beside its fields
constexpr uint64_t least_bulk = Loop::scratch_size;

}  // namespace

H1Client::H1Client(Loop& loop, BodyPool& pool, ClientOwner& owner, const ClientTimeouts& timeouts)
    : Wire(loop, pool), owner_(owner), timeouts_(timeouts), in_(pool) {}

H1Client::~H1Client() = default;

bool H1Client::connect(Lane lane) {
  if (!attach(std::move(lane))) return false;
  writable_ = true;  // where the endpoint is near, the connection is there by the end of the turn
  loop_.arm(*this, timeouts_.connect);
  return true;
}

void H1Client::begin(const ClientExchange& exchange) {
  expects(state_ == State::connecting || state_ == State::idle, "a free connection");
  exchange_ = exchange;
  ++served;
  scanner_ = HeadScanner(exchange.limits, Side::response);
  request_sent_ = false;
  response_begun_ = false;
  trailers_ = nullptr;
  interim_ = 0;
  if (state_ == State::idle) state_ = State::head;
}

void H1Client::send_request(const RequestHead& head) {
  method_ = head.method;
  wants_upgrade_ = head.upgrade_websocket;
  framing_ = head.framing;
  size_t size = head.method.size() + head.path.size() + head.query.size() + most_added;
  for (const weir_field& row : head.fields.rows()) size += row.name.n + row.value.n + 4;
  Writer writer(out_.reserve(static_cast<uint32_t>(size)));
  const bool written =
      writer.write_request({head.method, head.path, head.query}, head.fields, framing_,
                           wants_upgrade_ ? Persistence::websocket : Persistence::implied);
  expects(written, "a request head that can be written");
  out_.commit(static_cast<uint32_t>(writer.size()));
  arm();
}

void H1Client::send_body(Body& from, bool last) {
  if (framing_.kind == Framing::Kind::chunked && state_ != State::tunnel) {
    send_chunk(out_, from, last, trailers_);
  } else {
    out_.move(from, from.length());
  }
  if (out_.length() >= backlog_step) reports_drain_ = true;
  if (!last) return;
  request_sent_ = true;
  arm();
}

void H1Client::flush() {
  const bool later = sends_later();
  if (!later) write();
  out_.settle();
  if (later || has_news()) loop_.defer(*this);
}

// Reading may use the loop's scratch, which the caller may be reading from: not now.
void H1Client::pull() {
  if (state_ == State::body || state_ == State::tunnel) loop_.defer(*this);
}

void H1Client::become_tunnel() {
  expects(state_ == State::tunnel, "a response of 101");
  tunnel_open_ = true;
  request_sent_ = false;
  arm();
  loop_.defer(*this);
}

void H1Client::abandon() {
  exchange_.events = nullptr;
  in_.clear();
  end();
}

void H1Client::let_go() {
  exchange_.events = nullptr;
  in_.clear();
  if (all_sent()) return end();
  state_ = State::closing;
  loop_.arm(*this, timeouts_.write);
}

void H1Client::ready(uint32_t events) noexcept {
  note(events);
  drive();
}

void H1Client::deferred() noexcept { drive(); }

void H1Client::expired() noexcept {
  // It may be the client that is slow, and then its own deadline is the one that counts.
  const bool client_is_slow =
      (state_ == State::body && !exchange_.events->takes_response_body()) ||
      (state_ == State::head && !request_sent_ && (all_sent() || sends_later()));
  if (state_ == State::connecting) {
    fail(Failure::Kind::connect, "connect_timeout");
  } else if (state_ == State::idle || state_ == State::closing) {
    end();
  } else if (client_is_slow) {
    arm();
  } else {
    fail(Failure::Kind::timeout, response_begun_ ? "read_timeout" : "first_byte_timeout");
  }
}

void H1Client::drive() {
  if (state_ == State::ended) return;
  if (broken_) {
    // Whatever the endpoint said before it closed is still to be read, and tells more.
    readable_ = true;
    peer_done_ = true;
    broken_ = false;
    deaf_ = true;
    if (heard_all_) return fail(Failure::Kind::reset, "reset");
  }
  if (state_ == State::connecting && !establish()) return;
  write();
  if (broken_) loop_.defer(*this);
  if (std::exchange(drained_, false)) tell_drained();
  read();
}

// The first bytes of the request tell whether the connection has come about: while it has not, the
// system takes none. False: not yet, or never.
bool H1Client::establish() {
  if (shaking() && !shake()) return false;
  const uint64_t before = out_.length();
  if (!send_pending()) {
    fail(Failure::Kind::connect, "connect_failed");
    return false;
  }
  if (out_.length() == before) return false;
  state_ = State::head;
  arm();
  tell_drained();
  return state_ != State::ended;
}

// False: not yet, or never.
bool H1Client::shake() {
  const IoResult::Status status = shake_hands();
  if (status == IoResult::eof || status == IoResult::error) {
    fail(Failure::Kind::connect,
         transport()->socket_failed() ? "connect_failed" : "handshake_failed");
  }
  return status == IoResult::ok;
}

// What the exchange does then may end its part in this connection.
void H1Client::tell_drained() {
  ClientEvents* const events = exchange_.events;
  if (events == nullptr) return;
  events->request_drained();
  events->settle();
}

void H1Client::write() {
  if (state_ == State::ended || state_ == State::connecting) return;
  const uint64_t before = unsent();
  if (!all_sent() && !send_pending()) {
    out_.clear();
    broken_ = true;
    return;
  }
  if (unsent() != before && !request_sent_) arm();
  if (all_sent() && state_ == State::closing) return end();
  if (all_sent() && state_ == State::tunnel && request_sent_ && !write_over_) {
    write_over_ = true;
    end_writing();
  }
  if (reports_drain_ && out_.length() < backlog_step) {
    reports_drain_ = false;
    drained_ = true;
  }
}

void H1Client::read() {
  if (state_ == State::closing) return;
  if (state_ == State::tunnel && tunnel_open_ && !in_.empty() &&
      exchange_.events->takes_response_body()) {
    exchange_.events->response_body(in_, false);
    exchange_.events->settle();
  }
  for (int reads = 0; readable_ && state_ != State::ended && wants_input(); ++reads) {
    if (reads == most_reads) return loop_.defer(*this);
    if (!read_once()) break;
  }
}

bool H1Client::wants_input() const {
  if (state_ == State::idle || state_ == State::head) return true;
  if (state_ == State::tunnel && !tunnel_open_) return false;
  return exchange_.events->takes_response_body();
}

// What is large goes from socket to socket where nobody looks at it, once begun to its end.
bool H1Client::is_bulk() const {
  return is_plain() && state_ == State::body && response_.framing.kind == Framing::Kind::length &&
         (body_.left() >= least_bulk || (has_pipe() && body_.left() > 0)) &&
         exchange_.events->relays_response_body();
}

// False: none came.
bool H1Client::receive_bulk() {
  const IoResult result = receive_piped(in_, body_.left());
  if (result.status != IoResult::ok) return false;
  body_.skip(result.n);
  body_.ended() ? message_complete({}) : exchange_.events->response_body(in_, false);
  if (state_ == State::body) arm();
  return true;
}

// False: nothing more is to be read now.
bool H1Client::read_once() {
  ClientEvents* const events = exchange_.events;
  if (is_bulk() && receive_bulk()) {
    events->settle();
    return state_ != State::ended && readable_;
  }
  if (!readable_) return false;
  const auto scratch = loop_.scratch();
  const IoResult result = receive(scratch);
  if (result.status == IoResult::again) return false;
  if (result.status == IoResult::ok) {
    take({scratch.data(), result.n});
    arm();
  } else if (result.status == IoResult::eof) {
    at_end_of_input();
  } else {
    fail(response_begun_ || served <= 1 ? Failure::Kind::reset : Failure::Kind::stale, "reset");
  }
  // The exchange outlives this round even when the connection or its part in it has ended.
  if (events != nullptr) events->settle();
  return state_ != State::ended && readable_;
}

void H1Client::take(std::string_view bytes) {
  while (!bytes.empty() && state_ != State::ended) {
    switch (state_) {
      case State::idle:
        return end();  // an answer to nothing
      case State::head:
        response_begun_ = true;
        if (!take_head(bytes)) return;
        break;
      case State::body:
        take_body(bytes);
        break;
      case State::tunnel:
        take_tunnel(bytes);
        break;
      case State::connecting:
      case State::closing:
      case State::ended:
        return;
    }
  }
}

// False: more bytes are needed, or the connection has ended.
bool H1Client::take_head(std::string_view& bytes) {
  std::string_view text = bytes;
  if (!held_.empty()) text = held_.append(bytes);
  switch (scanner_.scan(text)) {
    case HeadScanner::State::more:
      if (held_.empty()) held_ = bytes;
      return false;
    case HeadScanner::State::refused:
      fail(Failure::Kind::malformed, scanner_.refusal().reason);
      return false;
    case HeadScanner::State::complete:
      break;
  }
  // Only the end of what came last can lie behind the head.
  bytes = bytes.substr(bytes.size() - (text.size() - scanner_.size()));
  const std::string_view head = exchange_.arena->copy(text.substr(0, scanner_.size()));
  std::string().swap(held_);
  scanner_.restart();
  if (head.empty()) {
    fail(Failure::Kind::malformed, "response_head_memory");
    return false;
  }
  return parse_head(head, bytes);
}

bool H1Client::parse_head(std::string_view text, std::string_view surplus) {
  response_ = ResponseHead{};
  const auto refusal = read_response(text, {exchange_.limits, method_}, *exchange_.arena,
                                     *exchange_.names, response_);
  if (refusal) {
    fail(Failure::Kind::malformed, refusal->reason);
    return false;
  }
  if (response_.status < 200 && response_.status != 101) return take_interim();
  if (response_.status == 101) {
    if (!wants_upgrade_ || !response_.upgrade_websocket) {
      fail(Failure::Kind::malformed, "unrequested_upgrade");
      return false;
    }
    // The exchange opens the tunnel, at once or later, or abandons the connection.
    state_ = State::tunnel;
    exchange_.events->response(response_);
    return state_ == State::tunnel;
  }
  state_ = State::body;
  body_ = BodyReader(response_.framing, Side::response);
  if (exchange_.keep_trailers) body_.keep_trailers(*exchange_.arena, *exchange_.names);
  exchange_.events->response(response_);
  if (state_ == State::body && body_.ended()) message_complete(surplus);
  return state_ == State::body;
}

bool H1Client::take_interim() {
  if (++interim_ > exchange_.most_interim) {
    fail(Failure::Kind::malformed, "too_many_interim");
    return false;
  }
  exchange_.events->interim(response_);
  return state_ == State::head;
}

void H1Client::take_body(std::string_view& bytes) {
  using Kind = BodyReader::Step::Kind;
  for (;;) {
    const BodyReader::Step step = body_.feed(bytes);
    bytes.remove_prefix(step.consumed);
    if (step.kind == Kind::end) return message_complete(bytes);
    if (step.kind == Kind::refused) return fail(Failure::Kind::malformed, body_.refusal().reason);
    if (step.kind == Kind::more) break;
    in_.put_borrowed(step.data);
  }
  if (!in_.empty()) exchange_.events->response_body(in_, false);
}

void H1Client::take_tunnel(std::string_view& bytes) {
  in_.put_borrowed(bytes);
  bytes = {};
  if (tunnel_open_) return exchange_.events->response_body(in_, false);
  in_.settle();
}

// The response is whole. The connection may serve again when both messages ended where they
// should and nothing follows (RFC 9112, 9.3; surplus bytes would be taken for the next response).
void H1Client::message_complete(std::string_view surplus) {
  // In this order: a connection that the pool turns away drops what it holds.
  const bool reusable = response_.keep_alive && request_sent_ && all_sent() && surplus.empty() &&
                        !peer_done_ && response_.framing.kind != Framing::Kind::until_close;
  let_go_of_pipe();
  ClientEvents* const events = std::exchange(exchange_.events, nullptr);
  if (body_.trailers().size() > 0) events->response_trailers(body_.trailers());
  events->response_body(in_, true);
  if (state_ == State::ended) return;
  if (reusable) {
    state_ = State::idle;
    idle_since = loop_.now();
    loop_.arm(*this, timeouts_.idle);
    owner_.connection_idle(*this);
  } else {
    end();
  }
}

void H1Client::at_end_of_input() {
  peer_done_ = true;
  readable_ = false;
  switch (state_) {
    case State::head:
      if (!held_.empty()) return fail(Failure::Kind::malformed, "response_head_cut");
      return fail(served > 1 && !response_begun_ ? Failure::Kind::stale : Failure::Kind::reset,
                  "closed_before_response");
    case State::body:
      if (body_.close()) return message_complete({});
      return fail(Failure::Kind::reset, "response_cut");
    case State::tunnel:
      // Half-close: the other direction goes on until the client ends it too, if anybody listens.
      heard_all_ = true;
      exchange_.events->response_body(in_, true);
      if (deaf_ && state_ == State::tunnel) fail(Failure::Kind::reset, "reset");
      return;
    case State::idle:
      return end();
    case State::connecting:
    case State::closing:
    case State::ended:
      return;
  }
}

void H1Client::fail(Failure::Kind kind, const char* reason) {
  ClientEvents* const events = std::exchange(exchange_.events, nullptr);
  in_.clear();
  end();
  if (events == nullptr) return;
  events->upstream_failed({kind, reason});
  events->settle();
}

void H1Client::end() {
  if (state_ == State::ended) return;
  state_ = State::ended;
  Timer::cancel();
  Deferred::cancel();
  hang_up();
  owner_.connection_ended(*this);
}

Clock::duration H1Client::first_byte() const {
  return exchange_.first_byte.count() > 0 ? exchange_.first_byte : timeouts_.first_byte;
}

// One deadline at a time: the one of the direction that should move next.
void H1Client::arm() {
  switch (state_) {
    case State::connecting:
      return;  // armed once, for the whole of it
    case State::head:
      return loop_.arm(*this, request_sent_ ? first_byte() : timeouts_.write);
    case State::body:
      return loop_.arm(*this, timeouts_.read);
    case State::tunnel:
      return loop_.arm(*this, timeouts_.tunnel);
    case State::idle:
    case State::closing:
    case State::ended:
      return;
  }
}

}  // namespace weir
