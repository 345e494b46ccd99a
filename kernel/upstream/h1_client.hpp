// SPDX-License-Identifier: Apache-2.0
//
// A connection to an endpoint that speaks HTTP/1.1: one exchange at a time, then back to the pool.
//
// Nothing that the endpoint sends is trusted: a response that breaks the grammar, surplus bytes
// after one, or bytes while idle end the connection. A reused connection that dies before the first
// response byte is reported as stale, since the endpoint may have closed it while the request was
// on its way.
//
// Thread: one loop.
#pragma once

#include "base/arena.hpp"
#include "base/list.hpp"
#include "event/timers.hpp"
#include "http/body_reader.hpp"
#include "http/h1_reader.hpp"
#include "http/head_scanner.hpp"
#include "http/names.hpp"
#include "http/stream.hpp"
#include "net/wire.hpp"

#include <string>

namespace weir {

class H1Client;
struct EndpointsOnLoop;

struct ClientTimeouts {
  Clock::duration connect{};
  Clock::duration first_byte{};
  Clock::duration read{};   // between bytes of the response
  Clock::duration write{};  // without progress of the request
  Clock::duration tunnel{};
  Clock::duration idle{};  // in the pool

  bool operator==(const ClientTimeouts&) const = default;
};

// Who gets a connection back; the pool.
class ClientOwner {
 public:
  // Whole and idle: it may serve another exchange.
  virtual void connection_idle(H1Client& connection) = 0;
  // Of no further use; the owner destroys it, not before this turn is over.
  virtual void connection_ended(H1Client& connection) = 0;

 protected:
  ~ClientOwner() = default;
};

// What one exchange brings along.
struct ClientExchange {
  ClientEvents* events = nullptr;
  Arena* arena = nullptr;  // the response head is copied there
  const Names* names = nullptr;
  HeadLimits limits = response_limits;
  bool keep_trailers = false;
  uint32_t most_interim = 8;
  Clock::duration first_byte{};          // of this exchange; 0: the upstream's
  const ServerStream* client = nullptr;  // for transports that name the client
  weir_address client_address{};
};

class H1Client final : public Wire, public ClientStream, private Deferred, private Timer {
 public:
  H1Client(Loop& loop, BodyPool& pool, ClientOwner& owner, const ClientTimeouts& timeouts);
  ~H1Client() override;
  H1Client(const H1Client&) = delete;
  H1Client& operator=(const H1Client&) = delete;

  // Takes a socket whose connection is on its way, with what stands on it; false: the loop cannot
  // watch it.
  bool connect(Lane lane);
  // Starts an exchange on a connection that is idle or still connecting.
  void begin(const ClientExchange& exchange);

  // While idle: it has something to read, which can only be an answer to nothing, or its end.
  bool has_heard() const { return readable_ || loop_.will_tell_to_read(*this); }

  // The owner's notes.
  EndpointsOnLoop* home = nullptr;  // the set it was dialled for
  size_t place = 0;                 // among all connections of that set
  size_t endpoint = 0;              // of that set
  uint64_t served = 0;              // exchanges begun on it
  Clock::time_point idle_since;     // while in the pool

  void send_request(const RequestHead& head) override;
  void send_body(Body& from, bool last) override;
  void set_trailers(const Fields& trailers) override { trailers_ = &trailers; }
  void flush() override;
  void pull() override;
  void become_tunnel() override;
  uint64_t backlog() const override { return out_.length(); }
  bool takes_pipes() const override { return is_plain(); }
  bool encrypted() const override { return transport() != nullptr && transport()->encrypts(); }
  bool connected() const override { return state_ != State::connecting; }
  void let_go() override;
  void abandon() override;

 private:
  enum class State : uint8_t { connecting, idle, head, body, tunnel, closing, ended };

  void ready(uint32_t events) noexcept override;
  void deferred() noexcept override;
  void expired() noexcept override;

  void drive();
  bool establish();
  bool shake();
  bool has_news() const { return broken_ || drained_; }
  void tell_drained();
  void read();
  bool wants_input() const;
  bool read_once();
  bool is_bulk() const;
  bool receive_bulk();
  void take(std::string_view bytes);
  bool take_head(std::string_view& bytes);
  bool parse_head(std::string_view text, std::string_view surplus);
  bool take_interim();
  void take_body(std::string_view& bytes);
  void take_tunnel(std::string_view& bytes);
  void message_complete(std::string_view surplus);
  void write();
  void at_end_of_input();
  void fail(Failure::Kind kind, const char* reason);
  void end();
  void arm();
  Clock::duration first_byte() const;

  ClientOwner& owner_;
  const ClientTimeouts& timeouts_;
  ClientExchange exchange_;
  State state_ = State::connecting;
  HeadScanner scanner_{response_limits, Side::response};
  BodyReader body_{Framing{}, Side::response};
  std::string held_;  // the beginning of a head that is not complete
  Body in_;           // what is handed to the exchange
  ResponseHead response_;
  std::string_view method_;
  const Fields* trailers_ = nullptr;  // of the request
  Framing framing_;                   // of the request's body
  bool wants_upgrade_ = false;
  bool tunnel_open_ = false;   // the exchange has agreed to it
  bool request_sent_ = false;  // its last byte is queued
  bool response_begun_ = false;
  bool broken_ = false;         // a write failed; told in the next turn
  bool reports_drain_ = false;  // the backlog was too long
  bool write_over_ = false;     // of a tunnel: our direction is ended
  bool deaf_ = false;           // what is written does not arrive any more
  bool heard_all_ = false;      // of a tunnel: the endpoint's direction is ended
  bool drained_ = false;        // and is not any more; told in the next turn
  uint32_t interim_ = 0;
};

}  // namespace weir
