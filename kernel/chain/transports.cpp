// SPDX-License-Identifier: Apache-2.0
#include "chain/transports.hpp"

#include <weir/module.h>

#include "base/list.hpp"
#include "chain/handles.hpp"
#include "chain/site.hpp"
#include "crash/mark.hpp"
#include "event/loop.hpp"
#include "net/address.hpp"
#include "net/socket.hpp"
#include "net/transport.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace weir {
namespace {

constexpr size_t most_pieces = 64;
constexpr size_t alignment = alignof(std::max_align_t);

size_t aligned(size_t size) { return (size + alignment - 1) / alignment * alignment; }

bool changes_bytes(const weir_transport& ops) { return ops.recv != nullptr; }

IoResult result_of(uint32_t io, size_t n) {
  switch (io) {
    case WEIR_IO_OK:
      return {IoResult::ok, n, 0};
    case WEIR_IO_AGAIN:  // what was moved would be moved once more
      return n == 0 ? IoResult{} : IoResult{IoResult::error, 0, 0};
    case WEIR_IO_END:
      return {IoResult::eof, 0, 0};
    default:
      return {IoResult::error, 0, 0};
  }
}

}  // namespace

TransportStack::TransportStack(std::shared_ptr<const Transports> plan, Loop& loop, Handles& handles,
                               const TransportOrder& order)
    : plan_(std::move(plan)),
      loop_(loop),
      handles_(handles),
      layers_(plan_->uses.size()),
      server_name_(order.server_name),
      client_(order.client),
      client_local_(order.client_local) {
  size_t size = 0;
  for (const TransportUse& use : plan_->uses) size += aligned(use.ops->conn_size);
  memory_ = std::make_unique<std::byte[]>(size);
}

bool TransportStack::open() {
  std::byte* memory = memory_.get();
  for (size_t i = 0; i < layers_.size(); ++i) {
    const TransportUse& use = plan_->uses[i];
    const InstanceOnLoop& owner = *use.owner;
    TransportLayer& layer = layers_[i];
    layer.stack = this;
    layer.use = &use;
    layer.index = static_cast<uint32_t>(i);
    weir_link& link = layer;
    link = {sizeof(weir_link),
            plan_->side,
            std::exchange(memory, memory + aligned(use.ops->conn_size)),
            use.conf,
            owner.instance,
            owner.state,
            owner.cells,
            handles_.add(HandleKind::link, &layer),
            -1};
    if (link.ref == 0) return false;
    if (changing_below(i) == 0) link.fd = socket().fd();
    layer.opened = call_module({owner.callee, "open"}, WEIR_ERROR, use.ops->open,
                               static_cast<const weir_link*>(&layer)) == WEIR_OK;
    if (!layer.opened) return false;
  }
  return true;
}

TransportStack::~TransportStack() {
  for (size_t i = layers_.size(); i-- > 0;) {
    TransportLayer& layer = layers_[i];
    handles_.remove(layer.ref);
    while (Dependent* const dependent = layer.dependents.take_first()) dependent->owner_ended();
    if (!layer.opened) continue;
    call_module({layer.use->owner->callee, "close"}, layer.use->ops->close,
                static_cast<const weir_link*>(&layer));
  }
}

size_t TransportStack::changing_below(size_t index) const {
  while (index > 0 && !changes_bytes(*plan_->uses[index - 1].ops)) --index;
  return index;
}

IoResult TransportStack::handshake() {
  if (layers_.front().stack == nullptr && !open()) return {IoResult::error, 0, 0};
  while (shaking()) {
    const TransportLayer& layer = layers_[shaken_];
    const uint32_t io =
        call_module({layer.use->owner->callee, "handshake"}, WEIR_IO_BROKEN,
                    layer.use->ops->handshake, static_cast<const weir_link*>(&layer));
    if (io != WEIR_IO_OK) return noted(result_of(io, 0));
    ++shaken_;
    top_ = changing_below(shaken_);
  }
  return {IoResult::ok, 0, 0};
}

// An encrypting one stands above all that read what comes in the clear.
bool TransportStack::knows_peer() const {
  return std::none_of(
      plan_->uses.begin() + static_cast<std::ptrdiff_t>(shaken_), plan_->uses.end(),
      [](const TransportUse& use) { return (use.owner->component->flags & WEIR_ENCRYPTS) == 0; });
}

IoResult TransportStack::noted(const IoResult& result) {
  broken_ = broken_ || result.status == IoResult::error;
  return result;
}

IoResult TransportStack::receive_from(size_t number, std::span<char> into) {
  if (broken_) return {IoResult::error, 0, 0};
  const TransportLayer& layer = layers_[number - 1];
  size_t n = 0;
  const uint32_t io =
      call_module({layer.use->owner->callee, "recv"}, WEIR_IO_BROKEN, layer.use->ops->recv,
                  static_cast<const weir_link*>(&layer), into.data(), into.size(), &n);
  return noted(n > into.size() ? IoResult{IoResult::error, 0, 0} : result_of(io, n));
}

IoResult TransportStack::send_to(size_t number, std::span<const weir_str> pieces, bool more) {
  if (broken_) return {IoResult::error, 0, 0};
  const TransportLayer& layer = layers_[number - 1];
  size_t n = 0;
  const uint32_t io = call_module({layer.use->owner->callee, "send"}, WEIR_IO_BROKEN,
                                  layer.use->ops->send, static_cast<const weir_link*>(&layer),
                                  pieces.data(), pieces.size(), more ? 1U : 0U, &n);
  return noted(result_of(io, n));
}

IoResult TransportStack::receive(std::span<char> into) { return receive_from(top_, into); }

IoResult TransportStack::send(std::span<const iovec> pieces, bool more) {
  if (pieces.empty()) return deliver();
  std::array<weir_str, most_pieces> views;
  const size_t count = std::min(pieces.size(), views.size());
  size_t size = 0;
  for (size_t i = 0; i < count; ++i) {
    views[i] = {static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len};
    size += pieces[i].iov_len;
  }
  const IoResult result = send_to(top_, {views.data(), count}, more || count < pieces.size());
  return noted(result.n > size ? IoResult{IoResult::error, 0, 0} : result);
}

// What is held below has to leave first.
IoResult TransportStack::deliver() {
  for (size_t number = 1; number <= top_; ++number) {
    if (!changes_bytes(*plan_->uses[number - 1].ops) || pending_of(number) == 0) continue;
    const IoResult result = send_to(number, {}, false);
    if (result.status != IoResult::ok) return result;
  }
  return {IoResult::ok, 0, 0};
}

size_t TransportStack::pending_of(size_t number) const {
  const TransportLayer& layer = layers_[number - 1];
  if (layer.use->ops->pending == nullptr || broken_) return 0;
  return call_module({layer.use->owner->callee, "pending"}, size_t{0}, layer.use->ops->pending,
                     static_cast<const weir_link*>(&layer));
}

size_t TransportStack::pending() const {
  size_t pending = 0;
  for (size_t number = top_; number > 0; number = changing_below(number - 1)) {
    pending += pending_of(number);
  }
  return pending;
}

IoResult TransportStack::end() {
  if (broken_ || ended_) return {IoResult::ok, 0, 0};
  for (size_t number = top_; number > 0; number = changing_below(number - 1)) {
    const TransportLayer& layer = layers_[number - 1];
    if (layer.use->ops->end == nullptr) continue;
    const uint32_t io = call_module({layer.use->owner->callee, "end"}, WEIR_IO_BROKEN,
                                    layer.use->ops->end, static_cast<const weir_link*>(&layer));
    if (io != WEIR_IO_OK) return noted(result_of(io, 0));
  }
  ended_ = true;
  return {IoResult::ok, 0, 0};
}

std::string_view TransportStack::info(uint32_t attribute) const {
  for (size_t i = layers_.size(); i-- > 0;) {
    const TransportLayer& layer = layers_[i];
    if (!layer.opened || layer.use->ops->info == nullptr) continue;
    const weir_str text =
        call_module({layer.use->owner->callee, "info"}, weir_str{}, layer.use->ops->info,
                    static_cast<const weir_link*>(&layer), attribute);
    if (text.p != nullptr) return {text.p, text.n};
  }
  return {};
}

bool TransportStack::serves(std::string_view host) const {
  return std::all_of(layers_.begin(), layers_.end(), [&](const TransportLayer& layer) {
    return layer.use->ops->serves == nullptr ||
           call_module({layer.use->owner->callee, "serves"}, 0U, layer.use->ops->serves,
                       static_cast<const weir_link*>(&layer),
                       weir_str{host.data(), host.size()}) != 0;
  });
}

// ---- what modules ask for

IoResult TransportStack::receive_below(const TransportLayer& layer, std::span<char> into,
                                       bool peek) {
  const size_t below = changing_below(layer.index);
  if (below == 0) return receive_plain(into, peek);
  return peek ? IoResult{IoResult::error, 0, 0} : receive_from(below, into);
}

IoResult TransportStack::send_below(const TransportLayer& layer, std::span<const weir_str> pieces,
                                    bool more) {
  const size_t below = changing_below(layer.index);
  if (below > 0) return send_to(below, pieces, more);
  std::array<iovec, most_pieces> vectors;
  const size_t count = std::min(pieces.size(), vectors.size());
  for (size_t i = 0; i < count; ++i) {
    vectors[i] = {const_cast<char*>(pieces[i].p), pieces[i].n};  // only read, says POSIX
  }
  return send_plain({vectors.data(), count}, more || count < pieces.size());
}

weir_address TransportStack::peer() const {
  return named_peer_.family != 0 ? named_peer_ : socket().peer().weir();
}

weir_address TransportStack::local() const {
  return named_local_.family != 0 ? named_local_ : socket().local().weir();
}

// ---- making them

std::unique_ptr<Transport> make_transport(const std::shared_ptr<const Transports>& plan, Loop& loop,
                                          Handles& handles, const TransportOrder& order) {
  return std::make_unique<TransportStack>(plan, loop, handles, order);
}

std::unique_ptr<Transport> UpstreamTransports::make(const TransportOrder& order) const {
  return make_transport(plan_, loop_, handles_, order);
}

}  // namespace weir
