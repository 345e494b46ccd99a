// SPDX-License-Identifier: Apache-2.0
//
// Service weir.link/1: what is below a transport, and what it is to know of its connection.
#include <weir/module.h>

#include "chain/handles.hpp"
#include "chain/site.hpp"
#include "chain/transports.hpp"
#include "host/host.hpp"
#include "net/socket.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {
namespace {

TransportStack& stack_of(const weir_link* link) { return *TransportLayer::of(link).stack; }

uint32_t told(const IoResult& result, size_t* n) {
  *n = result.n;
  switch (result.status) {
    case IoResult::ok:
      return WEIR_IO_OK;
    case IoResult::again:
      return WEIR_IO_AGAIN;
    case IoResult::eof:
      return WEIR_IO_END;
    case IoResult::error:
      break;
  }
  return WEIR_IO_BROKEN;
}

uint32_t recv(const weir_link* link, char* into, size_t room, size_t* n) {
  return told(stack_of(link).receive_below(TransportLayer::of(link), {into, room}, false), n);
}

uint32_t peek(const weir_link* link, char* into, size_t room, size_t* n) {
  return told(stack_of(link).receive_below(TransportLayer::of(link), {into, room}, true), n);
}

uint32_t send(const weir_link* link, const weir_str* pieces, size_t count, uint32_t more,
              size_t* n) {
  return told(stack_of(link).send_below(TransportLayer::of(link), {pieces, count}, more != 0), n);
}

weir_address peer(const weir_link* link) { return stack_of(link).peer(); }
weir_address local(const weir_link* link) { return stack_of(link).local(); }

bool may_name(const weir_link* link, const weir_address& address) {
  return link->side == WEIR_ACCEPTED && stack_of(link).shaking() &&
         (address.family == 1 || address.family == 4 || address.family == 6);
}

weir_rc set_peer(const weir_link* link, weir_address address) {
  if (!may_name(link, address)) return WEIR_INVALID;
  stack_of(link).name_peer(address);
  return WEIR_OK;
}

weir_rc set_local(const weir_link* link, weir_address address) {
  if (!may_name(link, address)) return WEIR_INVALID;
  stack_of(link).name_local(address);
  return WEIR_OK;
}

weir_str server_name(const weir_link* link) {
  const std::string_view name = stack_of(link).server_name();
  return {name.data(), name.size()};
}

weir_address client(const weir_link* link) { return stack_of(link).client(); }
weir_address client_local(const weir_link* link) { return stack_of(link).client_local(); }

const weir_str* protocols(const weir_link* link, size_t* n) {
  const Transports& plan = stack_of(link).plan();
  *n = plan.protocols.size();
  return plan.protocols.data();
}

weir_rc wake(weir_ref ref) {
  const HostThread* const thread = Host::current();
  if (thread == nullptr) return WEIR_GONE;
  void* const layer = thread->handles.find(ref, HandleKind::link);
  if (layer == nullptr) return WEIR_GONE;
  static_cast<TransportLayer*>(layer)->stack->wake();
  return WEIR_OK;
}

}  // namespace

const weir_links& link_service() {
  static constexpr weir_links table{
      sizeof(weir_links), recv,        peek,   send,         peer,      local, set_peer,
      set_local,          server_name, client, client_local, protocols, wake};
  return table;
}

}  // namespace weir
