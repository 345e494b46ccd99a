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
#include "serve/connection.hpp"

#include <string>

namespace weir {

class H1Server final : public Wire,
                       public Connection,
                       public ServerStream,
                       private Deferred,
                       private Timer {
 public:
  H1Server(Loop& loop, BodyPool& pool, ConnectionOwner& owner, Inlet& inlet,
           const weir_address& peer);
  ~H1Server() override;
  H1Server(const H1Server&) = delete;
  H1Server& operator=(const H1Server&) = delete;

  // Takes an accepted connection whose transports have shaken hands. False: the loop cannot watch
  // it.
  bool open(Lane lane);

  void drain() override;
  void cut() override;
  void cut_for_memory() override;
  void rest_anew() override;
  void go_on() override;
  uint64_t held() const override;
  const Exchange* exchange() const override { return exchange_; }
  uint64_t requests() const override { return requests_; }

  std::string_view info(uint32_t attribute) const override {
    return transport() == nullptr ? std::string_view{} : transport()->info(attribute);
  }
  bool serves(std::string_view host) const override {
    return transport() == nullptr || transport()->serves(host);
  }
  bool encrypted() const override { return transport() != nullptr && transport()->encrypts(); }
  weir_address local() const override {
    const weir_address named = transport() == nullptr ? weir_address{} : transport()->named_local();
    return named.family != 0 || !attached() ? named : socket_.local().weir();
  }
  void send_interim(const ResponseHead& head) override;
  void send_response(const ResponseHead& head) override;
  void send_body(Body& from, bool last) override;
  void set_trailers(const Fields& trailers) override { trailers_ = &trailers; }
  void flush() override;
  void pull() override;
  void become_tunnel() override;
  uint64_t backlog() const override { return out_.length(); }
  void let_go() override;
  bool takes_pipes() const override { return is_plain(); }
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
