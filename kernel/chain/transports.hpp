// SPDX-License-Identifier: Apache-2.0
//
// Transports of modules (TLS, the PROXY protocol): what a listener's or an upstream's connections
// get, and the stack of them on one connection.
//
// The first stands on the socket, each other on the one before it. All shake hands in this order;
// then bytes pass through those that change them.
//
// Thread: one loop.
#pragma once

#include <weir/module.h>

#include "base/list.hpp"
#include "chain/handles.hpp"
#include "chain/site.hpp"
#include "event/loop.hpp"
#include "net/transport.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

class TransportStack;

// One transport on one connection; modules know it as their weir_link.
struct TransportLayer : weir_link {
  TransportStack* stack = nullptr;
  const TransportUse* use = nullptr;
  uint32_t index = 0;
  bool opened = false;
  mutable List<Dependent> dependents;

  static TransportLayer& of(const weir_link* link) {
    return *static_cast<TransportLayer*>(const_cast<weir_link*>(link));
  }
};

class TransportStack final : public Transport, private Deferred {
 public:
  TransportStack(std::shared_ptr<const Transports> plan, Loop& loop, Handles& handles,
                 const TransportOrder& order);
  ~TransportStack() override;
  TransportStack(const TransportStack&) = delete;
  TransportStack& operator=(const TransportStack&) = delete;

  IoResult handshake() override;
  bool passes_through() const override { return top_ == 0; }
  IoResult receive(std::span<char> into) override;
  IoResult send(std::span<const iovec> pieces, bool more) override;
  size_t pending() const override;
  IoResult end() override;
  bool encrypts() const override { return plan_->encrypts; }
  std::string_view info(uint32_t attribute) const override;
  bool serves(std::string_view host) const override;
  bool knows_peer() const override;
  const weir_address& named_peer() const override { return named_peer_; }
  const weir_address& named_local() const override { return named_local_; }

  // What modules ask for, by service weir.link/1.
  IoResult receive_below(const TransportLayer& layer, std::span<char> into, bool peek);
  IoResult send_below(const TransportLayer& layer, std::span<const weir_str> pieces, bool more);
  weir_address peer() const;
  weir_address local() const;
  bool shaking() const { return shaken_ < layers_.size(); }
  void name_peer(const weir_address& address) { named_peer_ = address; }
  void name_local(const weir_address& address) { named_local_ = address; }
  std::string_view server_name() const { return server_name_; }
  const weir_address& client() const { return client_; }
  const weir_address& client_local() const { return client_local_; }
  const Transports& plan() const { return *plan_; }
  // The watcher hears of it when no module is on the stack.
  void wake() { loop_.defer(*this); }

 private:
  void deferred() noexcept override { awake(); }
  // Calls the modules' open; false: one refused.
  bool open();
  // The nearest below `index` that changes bytes; 0: the socket.
  size_t changing_below(size_t index) const;
  IoResult receive_from(size_t number, std::span<char> into);
  IoResult send_to(size_t number, std::span<const weir_str> pieces, bool more);
  size_t pending_of(size_t number) const;
  IoResult deliver();
  IoResult noted(const IoResult& result);

  std::shared_ptr<const Transports> plan_;
  Loop& loop_;
  Handles& handles_;
  std::vector<TransportLayer> layers_;   // never grows: modules hold pointers
  std::unique_ptr<std::byte[]> memory_;  // of all layers
  std::string server_name_;
  weir_address client_{}, client_local_{};
  weir_address named_peer_{}, named_local_{};
  size_t shaken_ = 0;    // layers that have shaken hands
  size_t top_ = 0;       // number (index + 1) of the uppermost that changes bytes; 0: none does
  bool broken_ = false;  // one has said so: nothing but close is called
  bool ended_ = false;
};

// For the connections of one upstream.
class UpstreamTransports final : public TransportMaker {
 public:
  UpstreamTransports(std::shared_ptr<const Transports> plan, Loop& loop, Handles& handles)
      : plan_(std::move(plan)), loop_(loop), handles_(handles) {}
  std::unique_ptr<Transport> make(const TransportOrder& order) const override;
  bool per_exchange() const override { return plan_->per_exchange; }

 private:
  std::shared_ptr<const Transports> plan_;
  Loop& loop_;
  Handles& handles_;
};

// For an accepted connection.
std::unique_ptr<Transport> make_transport(const std::shared_ptr<const Transports>& plan, Loop& loop,
                                          Handles& handles, const TransportOrder& order = {});

}  // namespace weir
