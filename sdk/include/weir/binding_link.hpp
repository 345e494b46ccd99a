// SPDX-License-Identifier: Apache-2.0
//
// weir/binding_link.hpp: the part of weir/binding.hpp that is for transports.
#pragma once

#include <weir/binding_call.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#pragma GCC visibility push(hidden)

namespace weir {

template <class F>
Source<F> source(const weir_link* link) {
  Source<F> from{};
  from.link = link;
  from.instance = link->instance;
  from.state = link->state;
  return from;
}

template <class F, auto Hook>
uint32_t on_link(const weir_link* link) noexcept {
  auto io = Io::broken;
  guarded(link->instance, [&] { io = run<F, Hook>(source<F>(link)); });
  return static_cast<uint32_t>(io);
}

template <class F>
weir_rc on_link_open(const weir_link* link) noexcept {
  bool opened = false;
  guarded(link->instance, [&] { opened = run<F, &F::open>(source<F>(link)); });
  return opened ? WEIR_OK : WEIR_ERROR;
}

template <class F, auto Hook>
uint32_t moved(const Source<F>& from, size_t* n) noexcept {
  Moved result{Io::broken, 0};
  guarded(from.instance, [&] { result = run<F, Hook>(from); });
  *n = result.n;
  return static_cast<uint32_t>(result.io);
}

template <class F>
uint32_t on_recv(const weir_link* link, char* into, size_t room, size_t* n) noexcept {
  auto from = source<F>(link);
  from.room = {into, room};
  return moved<F, &F::recv>(from, n);
}

template <class F>
uint32_t on_send(const weir_link* link, const weir_str* pieces, size_t count, uint32_t more,
                 size_t* n) noexcept {
  auto from = source<F>(link);
  from.pieces = {{pieces, count}, more != 0};
  return moved<F, &F::send>(from, n);
}

template <class F>
size_t on_pending(const weir_link* link) noexcept {
  size_t pending = 0;
  guarded(link->instance, [&] { pending = run<F, &F::pending>(source<F>(link)); });
  return pending;
}

template <class F>
void on_close(const weir_link* link) noexcept {
  guarded(link->instance, [&] { run<F, &F::close>(source<F>(link)); });
}

template <class F>
weir_str on_info(const weir_link* link, uint32_t attribute) noexcept {
  auto from = source<F>(link);
  from.id = {attribute};
  std::string_view text;
  guarded(link->instance, [&] { text = run<F, &F::info>(from); });
  return {text.data(), text.size()};
}

template <class F>
uint32_t on_serves(const weir_link* link, weir_str name) noexcept {
  auto from = source<F>(link);
  from.served = {view(name)};
  bool serves = false;
  guarded(link->instance, [&] { serves = run<F, &F::serves>(from); });
  return serves ? 1 : 0;
}

template <class F>
consteval weir_transport transport_ops() {
  weir_transport ops{};
  ops.size = sizeof ops;
  ops.conn_size = context_size<F>();
  ops.open = on_link_open<F>;
  ops.handshake = on_link<F, &F::handshake>;
  if constexpr (requires { &F::recv; }) ops.recv = on_recv<F>;
  if constexpr (requires { &F::send; }) ops.send = on_send<F>;
  if constexpr (requires { &F::pending; }) ops.pending = on_pending<F>;
  if constexpr (requires { &F::end; }) ops.end = on_link<F, &F::end>;
  ops.close = on_close<F>;
  if constexpr (requires { &F::info; }) ops.info = on_info<F>;
  if constexpr (requires { &F::serves; }) ops.serves = on_serves<F>;
  return ops;
}

}  // namespace weir

#pragma GCC visibility pop
