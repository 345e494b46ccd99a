// SPDX-License-Identifier: Apache-2.0
//
// A client's connection that speaks HTTP/1.1: one exchange after the other, in the order asked.
//
// At rest it holds a descriptor and this object, no buffer. A head is read from the loop's receive
// buffer and copied once, into the exchange; what cannot be used yet (a partial head, a request
// that was sent ahead) is kept aside and nothing more is read. A refused message gets its status
// and the connection ends, since where the next message begins is not known any more.
//
// Thread: one loop.
#pragma once

#include "chain/exchange.hpp"
#include "event/timers.hpp"
#include "http/body_reader.hpp"
#include "http/h1_reader.hpp"
#include "http/head_scanner.hpp"
#include "http/stream.hpp"
#include "net/wire.hpp"

#include <string>

namespace weir {

class H1Server;
struct Inlet;

struct ServerLimits {
  HeadLimits head;
  bool encoded_slash = false;         // some route may let %2F through
  uint64_t requests = 10'000;         // of one connection
  uint64_t unread_body = 64 * 1024;   // read and dropped to save the connection
  Clock::duration head_time{};        // from its first byte
  Clock::duration body_time{};        // between bytes
  uint64_t body_rate = 0;             // bytes per second, on average
  Clock::duration body_rate_after{};  // before that the rate is not looked at
  Clock::duration keep_alive{};
  Clock::duration keep_alive_overload{};
  Clock::duration write_time{};   // without progress
  Clock::duration unread_time{};  // for unread_body, and for the last goodbye
  Clock::duration tunnel{};
};

// What a connection needs of its worker.
class ConnectionOwner {
 public:
  virtual const ServerLimits& limits() const = 0;
  // Whether connections that came in there are to end with their exchange.
  virtual bool draining(const Inlet& inlet) const = 0;
  // How long a connection may rest now; less when connections are nearly used up.
  virtual Clock::duration keep_alive() const = 0;
  // For a request that came in there; it lives until destroy.
  virtual Exchange& create_exchange(const Inlet& inlet, ServerStream& stream,
                                    const weir_address& peer) = 0;
  virtual void destroy_exchange(Exchange& exchange) = 0;
  // The owner destroys it, not before this turn is over.
  virtual void connection_ended(H1Server& connection) = 0;

 protected:
  ~ConnectionOwner() = default;
};

class H1Server final : public Wire, public ServerStream, private Deferred, private Timer {
 public:
  // Expects: the inlet outlives this.
  H1Server(Loop& loop, BodyPool& pool, ConnectionOwner& owner, Inlet& inlet,
           const weir_address& peer);
  ~H1Server() override;
  H1Server(const H1Server&) = delete;
  H1Server& operator=(const H1Server&) = delete;

  // Takes an accepted socket. False: the loop cannot watch it.
  bool open(Socket socket);
  // The process ends: no request after the one that runs, or that comes within the next moment.
  void drain();

  // Nothing goes on, whatever was on its way.
  void cut();
  // The same because what it holds is needed: a reset, that nothing of it stays in the system.
  void cut_for_memory();
  // At rest between requests it stays so for as long as the owner says now.
  void rest_anew();
  // Reading had stopped for want of memory, and there is some now.
  void go_on();
  // Bytes that end with it.
  uint64_t held() const;

  const weir_address& peer() const { return peer_; }
  Inlet& inlet() const { return inlet_; }
  const Exchange* exchange() const { return exchange_; }
  uint64_t requests() const { return requests_; }

  // The owner's notes.
  size_t place = 0;      // among its connections
  bool counted = false;  // for its client

  void send_interim(const ResponseHead& head) override;
  void send_response(const ResponseHead& head) override;
  void send_body(Body& from, bool last) override;
  void set_trailers(const Fields& trailers) override { trailers_ = &trailers; }
  void flush() override;
  void pull() override;
  void become_tunnel() override;
  uint64_t backlog() const override { return out_.length(); }
  void let_go() override;
  bool takes_pipes() const override { return true; }
  void abort() override;

 private:
  enum class State : uint8_t { idle, head, exchange, draining, tunnel, closing, ended };

  void ready(uint32_t events) noexcept override;
  void deferred() noexcept override;
  void expired() noexcept override;

  void drive();
  bool is_deaf() const;
  bool has_news() const;
  bool report();
  void read();
  bool read_once();
  bool is_bulk() const;
  bool receive_bulk();
  bool wants_input() const;
  bool takes_body() const;
  void take(std::string_view bytes);
  void take_held();
  void hold(std::string_view bytes);
  void charge();
  void take_head(std::string_view& bytes);
  void begin_exchange(std::string_view head);
  void refuse(const Refusal& refusal);
  void take_body(std::string_view& bytes);
  bool pass_body_on(Body& in);
  void take_unread(std::string_view& bytes);
  void at_end_of_input();
  bool may_continue(const ResponseHead& head) const;
  void write();
  void check_complete();
  void finish_exchange();
  void next_request();
  void rest();
  void say_goodbye();
  void stalled(const char* reason);
  void gone(const char* reason);
  void end();
  void arm();
  bool body_too_slow() const;

  ConnectionOwner& owner_;
  Inlet& inlet_;
  weir_address peer_;
  Exchange* exchange_ = nullptr;
  HeadScanner scanner_;
  BodyReader body_{Framing{}};
  std::string held_;      // a partial head, or what came ahead of its time
  uint64_t charged_ = 0;  // for held_
  uint64_t requests_ = 0;
  uint64_t body_bytes_ = 0;  // of the body that is being read
  Clock::time_point body_began_;
  Framing framing_;  // of the response
  const Fields* trailers_ = nullptr;
  State state_ = State::idle;
  bool persists_ = true;          // after this exchange
  bool client_closes_ = false;    // it said that this is its last request
  bool bodiless_ = false;         // the response has no body, whatever its framing says
  bool response_queued_ = false;  // to its last byte
  bool progressed_ = false;       // something was sent since the deadline was set
  bool reports_drain_ = false;    // the backlog was too long
  bool drained_ = false;          // and is not any more; told in the next turn
  bool complete_ = false;         // the response is sent; told in the next turn
  bool broken_ = false;           // a write failed, or the response cannot be completed
  bool resets_ = false;           // nothing but a reset tells the client that it is incomplete
  bool write_over_ = false;       // of a tunnel: our direction is ended
  bool input_over_ = false;       // the client has ended its direction
};

}  // namespace weir
