// SPDX-License-Identifier: Apache-2.0
#include "serve/h1_server.hpp"

#include <weir/module.h>

#include "base/arena.hpp"
#include "base/body.hpp"
#include "base/contract.hpp"
#include "base/reserve.hpp"
#include "event/loop.hpp"
#include "event/timers.hpp"
#include "http/chunk.hpp"
#include "http/h1_reader.hpp"
#include "http/h1_writer.hpp"
#include "http/head.hpp"
#include "http/message_rules.hpp"
#include "http/names.hpp"
#include "http/refusals.hpp"
#include "http/stream.hpp"
#include "net/socket.hpp"
#include "net/transport.hpp"
#include "net/wire.hpp"
#include "serve/connection.hpp"
#include "serve/inlet.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace weir {
namespace {

constexpr size_t most_added = 160;  // bytes of a head beside its fields

void write_head(Body& out, const ResponseHead& head, Persistence persistence) {
  size_t size = head.reason.size() + most_added;
  for (const weir_field& row : head.fields.rows()) size += row.name.n + row.value.n + 4;
  Writer writer(out.reserve(static_cast<uint32_t>(size)));
  const bool written =
      writer.write_response({head.status, head.reason}, head.fields, head.framing, persistence);
  expects(written, "a response head that can be written");
  out.commit(static_cast<uint32_t>(writer.size()));
}

}  // namespace

H1Server::H1Server(Loop& loop, BodyPool& pool, ConnectionOwner& owner, Inlet& inlet,
                   const weir_address& peer)
    : Wire(loop, pool), Connection(inlet, peer), owner_(owner), scanner_(owner.limits().head) {
  pool_.held().add(sizeof *this);
}

H1Server::~H1Server() {
  out_.clear();  // before the exchange whose module may have lent the bytes
  if (exchange_ != nullptr) owner_.destroy_exchange(*exchange_);
  pool_.held().remove(sizeof *this + charged_);
}

bool H1Server::open(Lane lane) {
  const bool shaken = lane.watched;
  if (!attach(std::move(lane))) return false;
  writable_ = true;
  if (shaken) loop_.defer(*this);  // the first request may have come with the end of the handshake
  // A client that connects without a word gets the time of a head, not of a pause.
  loop_.arm(*this, owner_.limits().head_time);
  return true;
}

void H1Server::drain() {
  if (state_ == State::idle && held_.empty()) loop_.arm(*this, drain_grace);
}

void H1Server::cut() {
  resets_ = exchange_ != nullptr && framing_.kind == Framing::Kind::until_close;
  if (state_ != State::ended) gone("drain_deadline");
}

void H1Server::cut_for_memory() {
  resets_ = true;
  if (state_ != State::ended) gone("overload");
}

void H1Server::rest_anew() {
  if (state_ == State::idle && held_.empty() && requests_ > 0) rest();
}

void H1Server::go_on() {
  if (exchange_ != nullptr) exchange_->go_on();
}

uint64_t H1Server::held() const {
  return out_.in_memory() + held_.size() + (exchange_ == nullptr ? 0 : exchange_->held());
}

// ---- what the exchange asks for

void H1Server::send_interim(const ResponseHead& head) {
  write_head(out_, head, Persistence::implied);
}

// Whether this connection can serve another request after this response.
bool H1Server::may_continue(const ResponseHead& head) const {
  const RequestHead& request = exchange_->request();
  if (!request.keep_alive || owner_.draining(inlet()) || requests_ >= owner_.limits().requests ||
      input_over_ || head.framing.kind == Framing::Kind::until_close) {
    return false;
  }
  // What a handler takes while it answers is read to its end anyway.
  if (body_.ended() || exchange_->handler_reads()) return true;
  // A client that waits for leave may send the body or not: no telling what comes next.
  if (request.expect_continue && exchange_->request_bytes() == 0) return false;
  return request.framing.kind == Framing::Kind::chunked ||
         body_.left() <= owner_.limits().unread_body;
}

void H1Server::send_response(const ResponseHead& head) {
  framing_ = head.framing;
  bodiless_ = head.status == 204 || head.status == 304 || exchange_->asked_for_head();
  if (head.status == 101) return write_head(out_, head, Persistence::websocket);
  persists_ = may_continue(head);
  const bool old = exchange_->request().version == Version::http10;
  write_head(
      out_, head,
      !persists_ ? Persistence::close : (old ? Persistence::keep_alive : Persistence::implied));
}

void H1Server::send_body(Body& from, bool last) {
  if (framing_.kind == Framing::Kind::chunked && state_ != State::tunnel && !bodiless_) {
    send_chunk(out_, from, last, trailers_);
  } else {
    out_.move(from, from.length());
  }
  if (last) response_queued_ = true;
  if (out_.length() >= backlog_step) reports_drain_ = true;
}

void H1Server::flush() {
  const bool later = sends_later();
  if (!later) write();
  out_.settle();
  if (!later && !all_sent()) arm();
  if (later || has_news()) loop_.defer(*this);
}

// Reading may use the loop's scratch, which the caller may be reading from: not now.
void H1Server::pull() { loop_.defer(*this); }

void H1Server::become_tunnel() {
  state_ = State::tunnel;
  persists_ = false;
  response_queued_ = false;
  loop_.defer(*this);
}

void H1Server::let_go() {
  response_queued_ = true;
  input_over_ = true;
  held_ = {};
  check_complete();
  if (has_news()) loop_.defer(*this);
}

void H1Server::abort() {
  broken_ = true;
  resets_ = framing_.kind == Framing::Kind::until_close;
  loop_.defer(*this);
}

// ---- what the loop reports

void H1Server::ready(uint32_t events) noexcept {
  note(events);
  drive();
}

void H1Server::deferred() noexcept { drive(); }

void H1Server::expired() noexcept {
  switch (state_) {
    case State::idle:
      // A request that crossed the deadline on its way is still served.
      readable_ = true;
      read();
      if (state_ == State::idle) return end();
      break;
    case State::head:
      refuse({408, "head_timeout"});
      break;
    case State::exchange:
      if (sends_later()) break;  // at the end of this turn
      if (!all_sent()) return stalled("write_timeout");
      if (!body_.ended() && exchange_->takes_request_body()) {
        exchange_->request_refused({408, "body_timeout"});
        exchange_->settle();
      }
      break;
    case State::tunnel:
      return stalled("tunnel_timeout");
    case State::draining:
    case State::closing:
      return end();
    case State::ended:
      return;
  }
  arm();
}

void H1Server::drive() {
  if (state_ == State::ended) return;
  write();
  if (!report()) return;
  if (is_deaf()) return gone("client_reset");
  if (!held_.empty() && state_ != State::head) take_held();
  read();
  if (state_ == State::exchange && peer_done_ && body_.ended() && held_.empty() && !complete_) {
    if (sends_later()) write();  // the response may be on its way to the end of the turn
    if (!complete_) return gone("client_closed");
    loop_.defer(*this);
  }
  arm();
  charge();
}

void H1Server::charge() {
  if (held_.size() == charged_) return;
  pool_.held().remove(charged_);
  charged_ = held_.size();
  pool_.held().add(charged_);
}

// A reset that no read will come upon, for nothing more is read until there is an answer.
bool H1Server::is_deaf() const {
  return peer_reset_ && state_ != State::tunnel && (!held_.empty() || !wants_input());
}

bool H1Server::has_news() const { return broken_ || complete_ || drained_; }

// Tells the exchange what happened meanwhile. False: the connection has ended.
bool H1Server::report() {
  if (broken_) {
    if (exchange_ != nullptr) {
      gone("client_reset");
    } else {
      end();
    }
    return false;
  }
  if (std::exchange(complete_, false)) finish_exchange();
  if (std::exchange(drained_, false) && exchange_ != nullptr) exchange_->response_drained();
  return state_ != State::ended;
}

// ---- reading

bool H1Server::takes_body() const {
  return (state_ == State::tunnel || !body_.ended()) && exchange_->takes_request_body();
}

bool H1Server::wants_input() const {
  if (state_ == State::ended) return false;
  return exchange_ == nullptr || (held_.empty() && !input_over_ && takes_body());
}

void H1Server::read() {
  for (int reads = 0; readable_ && wants_input(); ++reads) {
    if (reads == most_reads) return loop_.defer(*this);
    if (!read_once()) break;
  }
}

// What is large goes from socket to socket where nobody looks at it, once begun to its end.
bool H1Server::is_bulk() const {
  return is_plain() && state_ == State::exchange &&
         exchange_->request().framing.kind == Framing::Kind::length &&
         (body_.left() >= Loop::scratch_size || (has_pipe() && body_.left() > 0)) &&
         exchange_->relays_request_body();
}

// False: none came.
bool H1Server::receive_bulk() {
  Body in(pool_);
  const IoResult result = receive_piped(in, body_.left());
  if (result.status != IoResult::ok) return false;
  body_.skip(result.n);
  pass_body_on(in);
  return true;
}

bool H1Server::read_once() {
  if (is_bulk() && receive_bulk()) {
    exchange_->settle();
    return state_ != State::ended;
  }
  if (!readable_) return false;
  const auto scratch = loop_.scratch();
  const IoResult result = receive(scratch);
  if (result.status == IoResult::again) return false;
  if (result.status == IoResult::ok) {
    take({scratch.data(), result.n});
  } else if (result.status == IoResult::eof) {
    at_end_of_input();
  } else if (exchange_ != nullptr) {
    gone("client_reset");
  } else {
    end();
  }
  if (exchange_ != nullptr) exchange_->settle();
  return state_ != State::ended;
}

void H1Server::hold(std::string_view bytes) { held_.append(bytes); }

void H1Server::take_held() {
  if (exchange_ != nullptr && !takes_body()) return;
  const std::string bytes = std::exchange(held_, {});
  take(bytes);
  if (exchange_ != nullptr) exchange_->settle();
}

void H1Server::take(std::string_view bytes) {
  while (!bytes.empty()) {
    switch (state_) {
      case State::idle:
        state_ = State::head;
        break;
      case State::head:
        take_head(bytes);
        break;
      case State::exchange:
      case State::tunnel:
        if (!takes_body()) return hold(bytes);
        take_body(bytes);
        break;
      case State::draining:
        take_unread(bytes);
        break;
      case State::closing:
      case State::ended:
        return;
    }
  }
}

void H1Server::take_head(std::string_view& bytes) {
  if (!Reserve::whole()) {  // and an answer would need more of it than a head holds
    bytes = {};
    std::string().swap(held_);
    return end();
  }
  std::string_view text = bytes;
  if (!held_.empty()) text = held_.append(bytes);
  switch (scanner_.scan(text)) {
    case HeadScanner::State::more:
      if (held_.empty()) {
        held_ = bytes;
        loop_.arm(*this, owner_.limits().head_time);
      }
      bytes = {};
      return;
    case HeadScanner::State::refused:
      bytes = {};
      return refuse(scanner_.refusal());
    case HeadScanner::State::complete:
      break;
  }
  bytes = bytes.substr(bytes.size() - (text.size() - scanner_.size()));
  begin_exchange(text.substr(0, scanner_.size()));
}

void H1Server::begin_exchange(std::string_view head) {
  Timer::cancel();
  scanner_.restart();
  ++requests_;
  state_ = State::exchange;
  persists_ = true;
  response_queued_ = false;
  trailers_ = nullptr;
  exchange_ = &owner_.create_exchange(inlet(), *this, peer());
  Arena& arena = exchange_->arena();
  RequestHead& request = exchange_->request();
  const RequestOptions options{owner_.limits().head, exchange_->scheme(),
                               owner_.limits().encoded_slash};
  const std::string_view text = arena.copy(head);
  std::string().swap(held_);  // what is left of it is with the caller
  const Names& names = exchange_->site().names;
  const auto refusal = text.empty() ? std::optional(weir::refusal("head_memory"))
                                    : read_request(text, options, arena, names, request);
  client_closes_ = !refusal && !request.keep_alive;
  body_ = BodyReader(refusal ? Framing{} : request.framing);
  body_bytes_ = 0;
  body_began_ = loop_.now();
  if (refusal) {
    persists_ = false;
    exchange_->refuse(*refusal);
  } else {
    exchange_->begin();
  }
}

// The bytes are no request: answer, and read no further.
void H1Server::refuse(const Refusal& refusal) {
  held_ = {};
  scanner_.restart();
  ++requests_;
  state_ = State::exchange;
  client_closes_ = false;
  body_ = BodyReader(Framing{});
  exchange_ = &owner_.create_exchange(inlet(), *this, peer());
  exchange_->refuse(refusal);
  exchange_->settle();
}

void H1Server::take_body(std::string_view& bytes) {
  Body in(pool_);
  if (state_ == State::tunnel) {
    in.put_borrowed(std::exchange(bytes, {}));
    return exchange_->request_body(in, false);
  }
  if (body_bytes_ == 0 && exchange_->keeps_trailers()) {
    body_.keep_trailers(exchange_->arena(), exchange_->site().names);
  }
  using Kind = BodyReader::Step::Kind;
  for (;;) {
    const BodyReader::Step step = body_.feed(bytes);
    bytes.remove_prefix(step.consumed);
    if (step.kind == Kind::refused) {
      bytes = {};
      persists_ = false;
      return exchange_->request_refused(body_.refusal());
    }
    if (step.kind != Kind::data) break;
    in.put_borrowed(step.data);
  }
  if (!pass_body_on(in)) bytes = {};
}

// What has come, to the exchange. False: it comes too slowly, and nothing more is read.
bool H1Server::pass_body_on(Body& in) {
  body_bytes_ += in.length();
  if (body_.ended()) {
    let_go_of_pipe();
  } else if (body_too_slow()) {
    exchange_->request_refused({408, "body_slow"});
    return false;
  }
  if (body_.ended() && body_.trailers().size() > 0) exchange_->request_trailers(body_.trailers());
  if (!in.empty() || body_.ended()) exchange_->request_body(in, body_.ended());
  return true;
}

// The exchange is over and did not want the rest of its body.
void H1Server::take_unread(std::string_view& bytes) {
  const BodyReader::Step step = body_.feed(bytes);
  bytes.remove_prefix(step.consumed);
  body_bytes_ += step.consumed;
  if (step.kind == BodyReader::Step::Kind::refused || body_bytes_ > owner_.limits().unread_body) {
    bytes = {};
    return say_goodbye();
  }
  if (!body_.ended()) return;
  state_ = State::idle;
  rest();
}

void H1Server::at_end_of_input() {
  readable_ = false;
  peer_done_ = true;
  input_over_ = true;
  if (state_ == State::tunnel) {
    Body nothing(pool_);
    return exchange_->request_body(nothing, true);
  }
  if (exchange_ != nullptr) return gone("client_closed");
  end();
}

// ---- writing

void H1Server::write() {
  if (state_ == State::ended || !attached() || all_sent()) return check_complete();
  const uint64_t before = unsent();
  const bool then_ends = state_ == State::exchange && response_queued_ && !persists_;
  if (!send_pending(then_ends)) {
    out_.clear();
    broken_ = true;
    return;
  }
  if (unsent() != before && (state_ == State::exchange || state_ == State::tunnel)) {
    progressed_ = true;
  }
  if (reports_drain_ && out_.length() < backlog_step) {
    reports_drain_ = false;
    drained_ = true;
  }
  check_complete();
}

void H1Server::check_complete() {
  if (!response_queued_ || !all_sent() || complete_ || exchange_ == nullptr) return;
  if (state_ == State::tunnel) {
    if (!write_over_) end_writing();
    write_over_ = true;
    if (!input_over_) return;
  }
  complete_ = true;
}

// ---- from one exchange to the next

void H1Server::finish_exchange() {
  Exchange& exchange = *std::exchange(exchange_, nullptr);
  exchange.response_sent();
  owner_.destroy_exchange(exchange);
  response_queued_ = false;
  let_go_of_pipe();
  if (!persists_) return say_goodbye();
  next_request();
}

void H1Server::next_request() {
  if (body_.ended()) {
    state_ = State::idle;
    rest();
  } else {
    state_ = State::draining;
    body_bytes_ = 0;
    loop_.arm(*this, owner_.limits().unread_time);
  }
}

void H1Server::rest() {
  loop_.arm(*this, owner_.draining(inlet()) ? drain_grace : owner_.keep_alive());
}

// Closing with bytes unread would reset the connection and take the response from the client
// (RFC 9112, 9.6): the direction to it is ended first, then what comes is dropped for a moment.
// A client that asked for the end and whose bytes are all read sends nothing more.
void H1Server::say_goodbye() {
  const bool all_read = body_.ended() && held_.empty() && socket_empty();
  held_ = {};
  if (peer_done_ || (client_closes_ && all_read)) return end();
  end_writing();
  state_ = State::closing;
  loop_.arm(*this, owner_.limits().unread_time);
}

// A client that takes nothing may hold the system's buffers for minutes yet, unless it is reset.
void H1Server::stalled(const char* reason) {
  resets_ = resets_ || !all_sent();
  gone(reason);
}

void H1Server::gone(const char* reason) {
  out_.clear();  // before the exchange whose module may have lent the bytes
  if (exchange_ != nullptr) {
    Exchange& exchange = *std::exchange(exchange_, nullptr);
    exchange.client_gone(reason);
    owner_.destroy_exchange(exchange);
  }
  end();
}

void H1Server::end() {
  if (state_ == State::ended) return;
  state_ = State::ended;
  Timer::cancel();
  Deferred::cancel();
  resets_ ? hang_up_broken() : hang_up();
  owner_.connection_ended(*this);
}

bool H1Server::body_too_slow() const {
  const auto elapsed = loop_.now() - body_began_;
  if (elapsed < owner_.limits().body_rate_after) return false;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(elapsed).count();
  return body_bytes_ < owner_.limits().body_rate * static_cast<uint64_t>(seconds);
}

// The deadline of whatever has to move next while an exchange runs; other states set their own.
void H1Server::arm() {
  const bool progressed = std::exchange(progressed_, false);
  if (state_ == State::tunnel) return loop_.arm(*this, owner_.limits().tunnel);
  if (state_ != State::exchange) return;
  if (!all_sent()) {
    if (progressed || !Timer::armed()) loop_.arm(*this, owner_.limits().write_time);
  } else if (!body_.ended() && exchange_->takes_request_body()) {
    loop_.arm(*this, owner_.limits().body_time);
  } else {
    Timer::cancel();
  }
}

}  // namespace weir
