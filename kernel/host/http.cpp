// SPDX-License-Identifier: Apache-2.0
//
// Service weir.http/1: what modules may read and change of an exchange. Whatever would break a
// message or its framing is refused here, so that no module can make the writer fail.
#include <weir/module.h>

#include "chain/attributes.hpp"
#include "chain/chain.hpp"
#include "chain/exchange.hpp"
#include "chain/handles.hpp"
#include "host/host.hpp"
#include "http/authority.hpp"
#include "http/grammar.hpp"
#include "http/names.hpp"
#include "http/path.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace weir {
namespace {

// Fields that the kernel alone writes: framing, connection, and Host, which follows the authority.
bool is_kernels(uint32_t id) {
  switch (id) {
    case WEIR_H_CONTENT_LENGTH:
    case WEIR_H_TRANSFER_ENCODING:
    case WEIR_H_CONNECTION:
    case WEIR_H_KEEP_ALIVE:
    case WEIR_H_PROXY_CONNECTION:
    case WEIR_H_TE:
    case WEIR_H_TRAILER:
    case WEIR_H_UPGRADE:
    case WEIR_H_HTTP2_SETTINGS:
    case WEIR_H_HOST:
      return true;
    default:
      return false;
  }
}

// Whether a line of this id and value may stand in a head; `name` is its spelling.
bool may_write(Exchange& exchange, uint32_t side, uint32_t id, weir_str value,
               std::string_view& name) {
  if (is_kernels(id) || side > WEIR_RESPONSE) return false;
  if (side == WEIR_RESPONSE && exchange.head_sent()) return false;
  name = exchange.site().names.text(id);
  return is_token(name) && is_field_value({value.p, value.n});
}

template <class Change>
weir_rc change_field(weir_tx* tx, uint32_t side, uint32_t id, weir_str value, Change change) {
  Exchange& exchange = exchange_of(tx);
  std::string_view name;
  if (!may_write(exchange, side, id, value, name)) return WEIR_INVALID;
  const std::string_view copy = exchange.arena().copy({value.p, value.n});
  if (copy.data() == nullptr) return WEIR_ERROR;
  return change(exchange.fields(side), name, copy) ? WEIR_OK : WEIR_ERROR;
}

const weir_field* fields(weir_tx* tx, uint32_t side, size_t* n) {
  const auto rows = exchange_of(tx).fields(side).rows();
  *n = rows.size();
  return rows.data();
}

weir_str get(weir_tx* tx, uint32_t side, uint32_t id) {
  return as_str(exchange_of(tx).fields(side).get(id));
}

weir_str find(weir_tx* tx, uint32_t side, weir_str name) {
  return as_str(exchange_of(tx).fields(side).find({name.p, name.n}));
}

weir_rc set(weir_tx* tx, uint32_t side, uint32_t id, weir_str value) {
  return change_field(tx, side, id, value,
                      [id](Fields& to, auto name, auto text) { return to.set(id, name, text); });
}

weir_rc add(weir_tx* tx, uint32_t side, uint32_t id, weir_str value) {
  return change_field(tx, side, id, value,
                      [id](Fields& to, auto name, auto text) { return to.add(id, name, text); });
}

weir_rc remove(weir_tx* tx, uint32_t side, uint32_t id) {
  Exchange& exchange = exchange_of(tx);
  if (is_kernels(id) || side > WEIR_RESPONSE) return WEIR_INVALID;
  exchange.fields(side).remove(id);
  return WEIR_OK;
}

weir_rc set_method(weir_tx* tx, weir_str method) {
  Exchange& exchange = exchange_of(tx);
  // CONNECT has a grammar of its own, and nobody here speaks it.
  const std::string_view text(method.p, method.n);
  if (!is_token(text) || text == "CONNECT") return WEIR_INVALID;
  const std::string_view copy = exchange.arena().copy({method.p, method.n});
  if (copy.empty()) return WEIR_ERROR;
  exchange.request().method = copy;
  return WEIR_OK;
}

weir_rc set_path(weir_tx* tx, weir_str path) {
  Exchange& exchange = exchange_of(tx);
  const std::string_view copy = exchange.arena().copy({path.p, path.n});
  if (copy.data() == nullptr) return WEIR_ERROR;
  if (!is_target_text(copy) || copy.find('?') != std::string_view::npos) return WEIR_INVALID;
  const auto canonical = canonical_path(copy, {exchange.request().encoded_slash}, exchange.arena());
  if (!canonical) return WEIR_INVALID;
  exchange.request().path = *canonical;
  return WEIR_OK;
}

weir_rc set_query(weir_tx* tx, weir_str query) {
  Exchange& exchange = exchange_of(tx);
  if (query.p == nullptr) {
    exchange.request().query = {};
    return WEIR_OK;
  }
  if (!is_target_text({query.p, query.n})) return WEIR_INVALID;
  const std::string_view copy = exchange.arena().copy({query.p, query.n});
  if (copy.data() == nullptr) return WEIR_ERROR;
  exchange.request().query = copy;
  return WEIR_OK;
}

weir_rc set_authority(weir_tx* tx, weir_str text) {
  Exchange& exchange = exchange_of(tx);
  const std::string_view copy = exchange.arena().copy({text.p, text.n});
  if (copy.data() == nullptr) return WEIR_ERROR;
  const auto authority = parse_authority(copy, exchange.arena());
  if (!authority) return WEIR_INVALID;
  exchange.request().authority = authority->text;
  exchange.request().host = authority->host;
  return WEIR_OK;
}

weir_rc set_status(weir_tx* tx, uint32_t status) {
  Exchange& exchange = exchange_of(tx);
  if (status < 200 || status > 599 || exchange.head_sent()) return WEIR_INVALID;
  exchange.response().status = static_cast<uint16_t>(status);
  exchange.response().reason = {};
  return WEIR_OK;
}

weir_str attr(weir_tx* tx, uint32_t id) { return as_str(attribute_text(exchange_of(tx), id)); }
uint64_t number(weir_tx* tx, uint32_t id) { return attribute_number(exchange_of(tx), id); }

weir_rc set_attr(weir_tx* tx, uint32_t id, weir_str value) {
  return set_attribute(exchange_of(tx), id, {value.p, value.n}) ? WEIR_OK : WEIR_INVALID;
}

weir_address peer(weir_tx* tx) { return exchange_of(tx).peer; }
weir_address client(weir_tx* tx) { return exchange_of(tx).client; }

weir_rc set_client(weir_tx* tx, weir_address address) {
  if (address.family != 4 && address.family != 6) return WEIR_INVALID;
  exchange_of(tx).client = address;
  return WEIR_OK;
}

weir_str expand_template(weir_tx* tx, const weir_template* compiled, uint32_t escape) {
  return compiled == nullptr ? weir_str{} : as_str(expand(exchange_of(tx), *compiled, escape));
}

void* alloc(weir_tx* tx, size_t size, size_t align) {
  constexpr size_t most_align = 4096;
  if (!std::has_single_bit(align) || align > most_align) return nullptr;
  return exchange_of(tx).arena().allocate(size, align);
}

weir_rc respond(weir_tx* tx, uint32_t status, const weir_field* rows, size_t n, weir_str body) {
  Exchange& exchange = exchange_of(tx);
  for (const weir_field& row : std::span(rows, n)) {
    // By the name, since that is what is written: an id may say something else.
    const uint32_t id = exchange.site().names.find({row.name.p, row.name.n});
    const bool good = !is_kernels(id) && is_token({row.name.p, row.name.n}) &&
                      is_field_value({row.value.p, row.value.n});
    if (!good) return WEIR_INVALID;
  }
  return exchange.answer(status, {rows, n}, {body.p, body.n});
}

weir_rc want_body(const weir_call* call, uint32_t mode, uint64_t limit) {
  return exchange_of(call->tx).want_body(*call, mode, limit);
}

weir_rc length_changes(const weir_call* call) {
  return exchange_of(call->tx).length_changes(*call);
}

Exchange* living(weir_ref ref) {
  HostThread* const thread = Host::current();
  if (thread == nullptr) return nullptr;
  auto* const exchange = static_cast<Exchange*>(
      thread->handles.find(Handles::with_place(ref, 0), HandleKind::exchange));
  return exchange != nullptr && exchange->lives(ref) ? exchange : nullptr;
}

weir_rc resume(weir_ref ref, uint32_t verdict) {
  Exchange* const exchange = living(ref);
  return exchange == nullptr ? weir_rc{WEIR_GONE} : exchange->resume(ref, verdict);
}

weir_tx* tx(weir_ref ref) {
  Exchange* const exchange = living(ref);
  return exchange == nullptr ? nullptr : tx_of(*exchange);
}

}  // namespace

const weir_http& http_service() {
  static constexpr weir_http table{sizeof(weir_http),
                                   fields,
                                   get,
                                   find,
                                   set,
                                   add,
                                   remove,
                                   set_method,
                                   set_path,
                                   set_query,
                                   set_authority,
                                   set_status,
                                   attr,
                                   number,
                                   set_attr,
                                   peer,
                                   client,
                                   set_client,
                                   expand_template,
                                   alloc,
                                   respond,
                                   want_body,
                                   length_changes,
                                   resume,
                                   tx};
  return table;
}

}  // namespace weir
