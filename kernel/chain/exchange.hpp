// SPDX-License-Identifier: Apache-2.0
//
// One request and its response, from the parsed head to the last byte.
//
// The life of it: the listener's filters see the request, the route is found, the route's filters
// see it, then a handler makes the response or an endpoint is asked for it; the filters that were
// entered see the response in reverse, and it goes to the client. A filter may stop this at any
// point (WEIR_WAIT) and have it go on later. Bodies pass through two pipes, one for each direction,
// and only as fast as the far end takes them.
//
// Nothing re-enters: streams report by events and queue what they are given; a resume acts in the
// loop's deferred work. Whoever created the exchange destroys it after response_sent or
// client_gone.
//
// Thread: one loop.
#pragma once

#include <weir/module.h>

#include "base/arena.hpp"
#include "chain/body_pipe.hpp"
#include "chain/module_call.hpp"
#include "chain/site.hpp"
#include "http/stream.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace weir {

// How an exchange met its client and its time.
struct Arrival {
  const SiteOnLoop* site = nullptr;
  const ListenerOnLoop* listener = nullptr;
  ServerStream* client = nullptr;
  weir_address peer{};
  int64_t unix_ms = 0;  // wall clock
};

// One value that a module attached under an interned name.
struct Attribute {
  uint32_t id;
  std::string_view value;
  Attribute* next;
};

// Whether a body that has come to `bytes`, and ends there when `last`, is what the framing says.
bool fits(const Framing& framing, uint64_t bytes, bool last);

class Exchange final : public ServerEvents, public ClientEvents, private Deferred, private Timer {
 public:
  explicit Exchange(const Arrival& arrival);
  ~Exchange() override;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // The head to be read into; texts of it live in arena().
  RequestHead& request() { return request_; }
  const RequestHead& request() const { return request_; }
  ResponseHead& response() { return response_; }
  const ResponseHead& response() const { return response_; }
  Arena& arena() { return arena_; }
  const SiteOnLoop& site() const { return site_; }
  const ListenerOnLoop& listener() const { return listener_; }
  std::string_view scheme() const { return stream_->encrypted() ? "https" : "http"; }
  const ServerStream& client_stream() const { return *stream_; }
  const weir_ref& ref() const { return ref_; }
  // Whether this ref names a call of this exchange that has not ended.
  bool lives(weir_ref ref) const { return callback_of(ref) != nullptr; }
  // That call; nullptr: it has ended.
  const ModuleCall* callback_of(weir_ref ref) const;

  // The head is read: run. Or it could not be: answer with this and close.
  void begin();
  void refuse(const Refusal& refusal);
  // A process that is to end gives no connection another request.
  void close_after() { request_.keep_alive = false; }

  // ServerEvents
  void request_body(Body& in, bool last) override;
  void request_trailers(const Fields& trailers) override;
  bool keeps_trailers() const override;
  void request_refused(const Refusal& refusal) override;
  void response_drained() override;
  void response_sent() override;
  void client_gone(const char* reason) override;
  bool takes_request_body() const override;
  bool relays_request_body() const override;
  // ClientEvents
  void interim(ResponseHead& head) override;
  void response(ResponseHead& head) override;
  void response_body(Body& in, bool last) override;
  void response_trailers(const Fields& trailers) override;
  void request_drained() override;
  void upstream_failed(const Failure& failure) override;
  bool takes_response_body() const override;
  bool relays_response_body() const override;
  void settle() override;

  // What the host's services do for modules.
  weir_rc answer(uint32_t status, std::span<const weir_field> fields, std::string_view body);
  weir_rc want_body(const weir_call& call, uint32_t mode, uint64_t limit);
  weir_rc length_changes(const weir_call& call);
  weir_rc resume(weir_ref ref, uint32_t verdict);
  Fields& fields(uint32_t side) {
    return side == WEIR_REQUEST ? request_.fields : response_.fields;
  }
  bool head_sent() const { return head_sent_; }
  // The client asked for a head alone; what filters make of the method does not change that.
  bool asked_for_head() const { return asked_for_head_; }
  // A handler takes the body of the request, and so to its end.
  bool handler_reads() const { return handler_ != nullptr && wants_body_; }
  // 0: none was sent.
  uint32_t status() const { return phase_ == Phase::over && !head_sent_ ? 0U : response_.status; }
  List<Dependent>& dependents() { return dependents_; }
  // Whose call it is. Expects: it is one of this exchange's.
  const InstanceOnLoop& owner_of(const weir_call& call) const;
  Attribute* attributes = nullptr;
  weir_address peer{};
  weir_address client{};
  std::string_view request_id;

  // What logs and templates ask for.
  std::span<const PathParameter> parameters() const {
    return {found_.parameters.data(), found_.count};
  }
  const RouteOnLoop* route() const { return found_.route; }
  // The filters that the request has passed, in order.
  size_t entered() const { return entered_count_; }
  std::string_view entered_name(size_t index) const { return entered_[index].use->owner->name; }
  const FilterUse& entered_use(size_t index) const { return *entered_[index].use; }
  const weir_call* entered_call(size_t index) const { return entered_[index].call; }
  const HandlerUse* handler() const { return handler_; }
  bool is_waiting() const { return waiting_ != nullptr || request_pipe_.waiting().call != nullptr; }
  std::string_view endpoint_text() const { return endpoint_text_; }
  std::string_view upstream_name() const { return upstream_name_; }
  const char* reason() const { return reason_; }
  uint64_t request_bytes() const { return request_bytes_; }
  uint64_t response_bytes() const { return response_bytes_; }
  uint32_t upstream_status() const { return upstream_status_; }
  Clock::duration upstream_time() const { return upstream_time_; }
  uint32_t attempts() const { return attempt_.count(); }
  Clock::time_point began() const { return began_; }
  int64_t began_unix_ms() const { return unix_ms_; }
  Clock::duration age() const { return site_.loop.now() - began_; }
  // There is memory again for what was not read.
  void go_on();
  // Bytes that end with it; what waits to be sent to the client is the client's stream's to count.
  uint64_t held() const;

 private:
  struct Entered {  // a filter that the request has passed
    const FilterUse* use;
    ModuleCall* call;  // nullptr: no callback of it has run
  };
  struct Pending {  // a resume that waits for the end of the callback
    weir_ref ref;
    uint32_t verdict;
  };
  // The bound of holds_request_; a deadline of its own beside that of what waits.
  struct HoldTimer final : Timer {
    explicit HoldTimer(Exchange& its) : exchange(its) {}
    void expired() noexcept override { exchange.release_request(); }
    Exchange& exchange;
  };
  enum class Phase : uint8_t { request, serving, response, sending, tunnel, over };

  // request phase (exchange_request.cpp)
  bool turned_away();
  void run_requests();
  bool next_chain();
  bool enter_chain(const ChainOnLoop& chain);
  bool act_on_request(uint32_t verdict, const FilterUse& use, ModuleCall& call);
  bool reroute();
  void end_filters(size_t from);
  void release_request();
  bool find_route();
  bool clean_request();
  bool body_fits(uint64_t bytes) const;
  void serve();
  void pump_request();
  void forward_request();
  void want_request_body();
  bool holds_for_chunks() const;

  // handler and upstream (exchange_serve.cpp)
  void start_handler();
  void act_on_handler(uint32_t verdict);
  void run_handler();
  bool handler_can_run() const;
  void wake_handler();
  void start_attempt();
  bool open_attempt();
  Framing outgoing_framing() const;
  void drop_attempt(uint32_t outcome);
  bool may_repeat(const Failure& failure) const;
  bool try_again(const Failure& failure);
  bool build_outgoing();
  void begin_tunnel();
  void tunnel_ended();

  // response phase (exchange_response.cpp)
  void answer_error(uint16_t status, const char* reason);
  void take_answer();
  void run_responses(size_t entered);
  void continue_responses();
  bool act_on_response(uint32_t verdict, const FilterUse& use, ModuleCall& call);
  void pump_response();
  void deliver();
  bool leaves_tunnel() const;
  void send_head();
  Framing response_framing() const;

  // both (exchange.cpp)
  ModuleCall* make_call(const InstanceOnLoop& owner, const void* conf, uint32_t context);
  ModuleCall* call_of(size_t entered);
  void log_refusal(const Refusal& refusal) const;
  void wait(const InstanceOnLoop& owner);
  void wait_for(ModuleCall& call, const InstanceOnLoop& owner);
  BodyPipe::Waiting first_wait() const;
  void watch_waits();
  void wake_sources();
  static bool fault(const InstanceOnLoop& owner, const char* what, bool may_pass = true);
  void fail_length(const char* side);
  void resume_one(const Pending& pending);
  void resume_callback(ModuleCall& call, uint32_t verdict);
  void body_goes_on(bool request_side, bool held);
  void act_on_stopped(const BodyPipe::Outcome& outcome, bool request_side);
  bool take_trailers(const Fields& from, Fields& to);
  void finish(const char* reason);
  void deferred() noexcept override;
  void expired() noexcept override;

  const SiteOnLoop& site_;
  const ListenerOnLoop& listener_;
  ServerStream* stream_;
  std::array<std::byte, 8192> first_;  // three heads of common size fit
  Arena arena_;
  weir_ref ref_;
  weir_ref route_ref_;  // what the filters of the route are called by; anew with each reroute
  Clock::time_point began_;
  int64_t unix_ms_;
  RequestHead request_;
  ResponseHead response_;
  RequestHead outgoing_;                         // what the endpoint is asked
  Fields request_trailers_, response_trailers_;  // those that the route lets pass
  RouteFinder::Found found_;

  std::span<Entered> entered_;
  size_t entered_count_ = 0;
  const ChainOnLoop* chain_ = nullptr;
  size_t position_ = 0;           // in chain_
  size_t response_position_ = 0;  // entered filters that have yet to see the response
  size_t called_ = 0;             // the entered filter whose callback runs
  uint32_t calling_side_ = WEIR_REQUEST;
  const weir_call* calling_ = nullptr;  // whose request or response is on the stack
  ModuleCall* waiting_ = nullptr;       // request or response callback that said WAIT
  weir_ref wait_ = 0;                   // what ends that
  std::array<Pending, 4> pending_;
  size_t pending_count_ = 0;

  BodyPipe request_pipe_;
  BodyPipe response_pipe_;
  Body answer_body_;
  ResponseHead answer_;  // what `respond` was given, until the callback says ANSWERED

  const HandlerUse* handler_ = nullptr;
  ModuleCall* handler_call_ = nullptr;
  size_t too_little_ = SIZE_MAX;  // room that the handler found and did nothing with
  List<Dependent> dependents_;
  HoldTimer hold_timer_{*this};
  LoopUpstream* upstream_ = nullptr;
  ClientStream* endpoint_ = nullptr;
  Attempt attempt_;
  std::string_view endpoint_text_;
  std::string_view upstream_name_;
  const char* reason_ = nullptr;
  Clock::duration upstream_time_{};
  uint64_t request_bytes_ = 0;
  uint64_t forwarded_bytes_ = 0;  // of the request's body, in this attempt
  uint64_t response_bytes_ = 0;
  uint32_t upstream_status_ = 0;
  uint32_t reroutes_ = 0;
  Phase phase_ = Phase::request;
  bool wants_body_ = false;         // somebody is there to take the request body
  bool request_body_sent_ = false;  // bytes of it have left: it cannot be repeated
  bool handler_waits_ = false;
  bool holds_request_ = false;      // until more of a chunked body has proven well formed
  bool request_forwarded_ = false;  // its end too
  bool repeated_ = false;           // the one silent retry is used up
  bool head_sent_ = false;
  bool has_answer_ = false;
  bool response_over_ = false;  // its end is with the client's stream
  bool bodiless_ = false;       // no body follows the head
  bool asked_for_head_ = false;
  bool pumps_later_ = false;    // a handler has made room for the filters before it
  bool from_upstream_ = false;  // the response head came from the endpoint
  bool tunnel_up_over_ = false;
  bool tunnel_down_over_ = false;
};

}  // namespace weir
