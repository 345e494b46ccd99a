// SPDX-License-Identifier: Apache-2.0
//
// One request and its response on a connection, as the exchange sees it. HTTP/1.1 stands behind
// this interface on both sides; codec modules (HTTP/2, HTTP/3) will stand behind the same.
//
// An exchange owns a ServerStream (the client's side) and, while it talks to an endpoint, a
// ClientStream. Each reports to the exchange by events; each sends what it is given and tells by
// `backlog` how much of it still waits. Bodies that arrive may be borrowed from the receive buffer:
// they are valid until `settle`, which comes last in each round of reading.
//
// Thread: one loop.
#pragma once

#include <weir/module.h>

#include "base/body.hpp"
#include "http/head.hpp"

#include <cstdint>
#include <string_view>

namespace weir {

// A stream reports that its backlog went down when it had been at least this and is not any more.
// Lower than any bound that an exchange may set, so that whoever stopped is woken.
inline constexpr uint64_t backlog_step = 4096;

class Stream {
 public:
  virtual ~Stream() = default;

  // Takes all of `from`; `last` ends the message. Nothing may be sent after that.
  virtual void send_body(Body& from, bool last) = 0;
  // Sent with the end of the body where its framing has room for them; they outlive the message.
  virtual void set_trailers(const Fields& trailers) = 0;
  // Writes what is pending. Failures are reported by an event in a later turn, never from inside.
  virtual void flush() = 0;
  // The receiver has room for body bytes again.
  virtual void pull() = 0;
  // From now on both directions carry raw bytes (after 101); the events go on as body bytes.
  virtual void become_tunnel() = 0;
  // Bytes accepted and not yet with the peer's kernel.
  virtual uint64_t backlog() const = 0;
  // Nobody on the way can read what passes.
  virtual bool encrypted() const { return false; }
  // Whether bodies that lie in a pipe can be sent: they reach a socket as they are.
  virtual bool takes_pipes() const { return false; }
};

class ServerStream : public Stream {
 public:
  // What the connection knows by an attribute's id; empty: nothing.
  virtual std::string_view info(uint32_t /*attribute*/) const { return {}; }
  // Where the client has connected to; family 0: not known any more.
  virtual weir_address local() const { return {}; }
  // Whether a request for this host may come in here.
  virtual bool serves(std::string_view /*host*/) const { return true; }
  // An interim response (1xx). Fields are written as they are.
  virtual void send_interim(const ResponseHead& head) = 0;
  // The final head; its framing says how the body is delimited.
  virtual void send_response(const ResponseHead& head) = 0;
  // Of a tunnel: nothing more is taken, and it ends when what is queued is sent.
  virtual void let_go() = 0;
  // The response cannot be completed: the client must see that it is broken.
  virtual void abort() = 0;
};

class ClientStream : public Stream {
 public:
  virtual void send_request(const RequestHead& head) = 0;
  // The endpoint is there; until then body bytes are better kept where they can be used again.
  virtual bool connected() const = 0;
  // Of a tunnel: no event follows, what is queued is still sent.
  virtual void let_go() = 0;
  // Gives up this attempt; no event follows. The connection is not used again.
  virtual void abandon() = 0;
};

// What a ServerStream reports.
class ServerEvents {
 public:
  // Body bytes of the request; takes all of `in`. Comes only while takes_request_body.
  virtual void request_body(Body& in, bool last) = 0;
  // The trailers of the request, before the end of its body. Only when keeps_trailers.
  virtual void request_trailers(const Fields& trailers) = 0;
  virtual bool keeps_trailers() const = 0;
  // The request body broke the grammar, a limit or a deadline.
  virtual void request_refused(const Refusal& refusal) = 0;
  // The backlog went down.
  virtual void response_drained() = 0;
  // The last byte of the response is with the client's kernel.
  virtual void response_sent() = 0;
  // The client is gone or took too long; the stream ends with this call.
  virtual void client_gone(const char* reason) = 0;
  // True while more of the request body would be taken.
  virtual bool takes_request_body() const = 0;
  // Whether nobody looks at the rest of the body, so that it may come in a pipe.
  virtual bool relays_request_body() const { return false; }
  // The round of reading is over: flush, and copy what is still borrowed.
  virtual void settle() = 0;

 protected:
  ~ServerEvents() = default;
};

// Why an attempt at an endpoint ended without a whole response.
struct Failure {
  enum class Kind : uint8_t {
    connect,    // no connection came about
    stale,      // a reused connection was closed before any response byte
    reset,      // closed or reset in the middle
    malformed,  // the response broke the grammar
    timeout     // no progress in time
  } kind;
  const char* reason;  // machine word for the log
};

// What a ClientStream reports.
class ClientEvents {
 public:
  // Heads lie in the arena that the request was sent with; their fields may be moved from.
  virtual void interim(ResponseHead& head) = 0;
  virtual void response(ResponseHead& head) = 0;
  // Body bytes of the response; takes all of `in`. Comes only while takes_response_body.
  virtual void response_body(Body& in, bool last) = 0;
  // The trailers of the response, before the end of its body.
  virtual void response_trailers(const Fields& trailers) = 0;
  // The backlog went down, or the connection came about.
  virtual void request_drained() = 0;
  // The stream ends with this call.
  virtual void upstream_failed(const Failure& failure) = 0;
  virtual bool takes_response_body() const = 0;
  virtual bool relays_response_body() const { return false; }
  virtual void settle() = 0;

 protected:
  ~ClientEvents() = default;
};

}  // namespace weir
