// SPDX-License-Identifier: Apache-2.0
#include "chain/forwarding.hpp"

#include <weir/module.h>

#include "base/arena.hpp"
#include "chain/site.hpp"
#include "http/fields.hpp"
#include "net/address.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace weir {
namespace {

// All lines of one field as one list, with `value` behind it.
std::string_view appended(const Fields& fields, uint32_t id, std::string_view value, Arena& arena) {
  std::string_view list;
  for (const weir_field& row : fields.rows()) {
    if (row.id != id) continue;
    const std::string_view line(row.value.p, row.value.n);
    list = list.empty() ? line : join({list, ", ", line}, arena);
  }
  return list.empty() ? value : join({list, ", ", value}, arena);
}

// RFC 7239, 6: an IPv6 address stands in brackets and quotes.
std::string_view node(const weir_address& address, std::string_view text, Arena& arena) {
  if (address.family == 6) return join({"\"[", text, "]\""}, arena);
  return address.family == 4 ? text : std::string_view("unknown");
}

}  // namespace

std::string_view join(std::initializer_list<std::string_view> pieces, Arena& arena) {
  size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  auto* const at = static_cast<char*>(arena.allocate(size, 1));
  if (at == nullptr) return {};
  char* end = at;
  for (const std::string_view piece : pieces) end = std::copy(piece.begin(), piece.end(), end);
  return {at, size};
}

std::string_view address_text(const weir_address& address, Arena& arena) {
  std::array<char, longest_ip> text;
  return arena.copy({text.data(), write_ip(address, text)});
}

bool is_trusted(const weir_address& peer, const SiteOnLoop& site) {
  return std::any_of(site.trusted.begin(), site.trusted.end(),
                     [&](const weir_cidr& range) { return contains(range, peer); });
}

bool add_forwarding(Fields& fields, const Forwarding& forwarding, const SiteOnLoop& site,
                    Arena& arena) {
  const std::string_view client = address_text(forwarding.client, arena);
  // An authority may hold a port or brackets, which are no token: quoted (RFC 7239, 4).
  std::string_view element = join({"for=", node(forwarding.client, client, arena), ";host=\"",
                                   forwarding.authority, "\";proto=", forwarding.scheme},
                                  arena);
  std::string_view chain = client;
  const bool trusted = is_trusted(forwarding.peer, site);
  if (trusted) {
    chain = appended(fields, WEIR_H_X_FORWARDED_FOR, address_text(forwarding.peer, arena), arena);
    element = appended(fields, WEIR_H_FORWARDED, element, arena);
  }
  bool good = !element.empty() && fields.set(WEIR_H_X_FORWARDED_FOR, "X-Forwarded-For", chain) &&
              fields.set(WEIR_H_FORWARDED, "Forwarded", element);
  if (!trusted || !fields.has(WEIR_H_X_FORWARDED_PROTO)) {
    good = good && fields.set(WEIR_H_X_FORWARDED_PROTO, "X-Forwarded-Proto", forwarding.scheme);
  }
  if (!trusted || !fields.has(WEIR_H_X_FORWARDED_HOST)) {
    good = good && fields.set(WEIR_H_X_FORWARDED_HOST, "X-Forwarded-Host", forwarding.authority);
  }
  return good;
}

bool add_via(Fields& fields, std::string_view version, const ListenerOnLoop& listener,
             Arena& arena) {
  if (!fields.has(WEIR_H_VIA) && version == "1.1") {
    return fields.set(WEIR_H_VIA, "Via", listener.via);
  }
  const std::string_view own = join({version, " ", listener.pseudonym}, arena);
  const std::string_view list = appended(fields, WEIR_H_VIA, own, arena);
  return !list.empty() && fields.set(WEIR_H_VIA, "Via", list);
}

}  // namespace weir
