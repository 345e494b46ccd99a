// SPDX-License-Identifier: Apache-2.0
//
// One connection of the load generator, from connect to close and over again.
#pragma once

#include "options.hpp"
#include "pacer.hpp"
#include "response.hpp"
#include "tally.hpp"
#include "transport.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

class Client;

// What all clients of one run share.
struct Run {
  Options options;
  std::vector<std::string> heads;
  std::string body;
  Tls tls;
  Tally tally;
  Pacer pacer;
  int epoll = -1;
  size_t next_head = 0;
  unsigned next_source = 0;
  size_t held = 0;            // clients of mode idle whose response has come
  std::vector<Client*> free;  // clients that wait for a request to become due
};

class Client {
 public:
  // Expects: `run` outlives this.
  explicit Client(Run& run) : run_(run) {}

  void open();
  void on_event(uint32_t events);

  // `intended`: when the request should have been sent, from which its latency counts.
  void request(Clock::time_point intended);

  bool closed() const { return state_ == State::closed; }

 private:
  enum class State : uint8_t {
    closed,
    connecting,
    handshaking,
    free,
    sending,  // the response may come already
    receiving,
    upgrading,
    echoing,
    held,
  };

  Run& run_;
  Transport transport_;
  State state_ = State::closed;
  Clock::time_point start_;
  Response response_;
  std::string out_;
  size_t out_sent_ = 0;
  size_t body_sent_ = 0;
  size_t echo_left_ = 0;
  bool used_ = false;  // a response has come on this connection

  bool connected(uint32_t events);
  void advance_handshake();
  void established();
  void handshake_done();
  void upgrade();
  void next();
  void send_message();
  void send_more();
  bool send_from(std::string_view bytes, size_t& sent);
  bool unsent() const;
  void receive(uint32_t events);
  bool consume(std::string_view bytes);
  void upgraded();
  void completed();
  void lost();
  void reopen();
};

}  // namespace bench
