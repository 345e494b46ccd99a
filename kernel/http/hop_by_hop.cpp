// SPDX-License-Identifier: Apache-2.0
#include "http/hop_by_hop.hpp"

#include <weir/module.h>

#include "base/result.hpp"
#include "http/fields.hpp"
#include "http/grammar.hpp"
#include "http/names.hpp"
#include "http/refusals.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace weir {
namespace {

constexpr size_t most_options = 32;

constexpr std::string_view protected_names[] = {"authorization",
                                                "cache-control",
                                                "content-encoding",
                                                "content-length",
                                                "content-range",
                                                "content-type",
                                                "cookie",
                                                "expect",
                                                "forwarded",
                                                "host",
                                                "location",
                                                "origin",
                                                "range",
                                                "set-cookie",
                                                "traceparent",
                                                "tracestate",
                                                "transfer-encoding",
                                                "via",
                                                "x-real-ip",
                                                "x-request-id"};
constexpr std::string_view protected_prefix = "x-forwarded-";

constexpr uint32_t of_one_connection[] = {WEIR_H_CONNECTION,
                                          WEIR_H_KEEP_ALIVE,
                                          WEIR_H_PROXY_CONNECTION,
                                          WEIR_H_PROXY_AUTHENTICATE,
                                          WEIR_H_PROXY_AUTHORIZATION,
                                          WEIR_H_TE,
                                          WEIR_H_TRAILER,
                                          WEIR_H_TRANSFER_ENCODING,
                                          WEIR_H_UPGRADE,
                                          WEIR_H_HTTP2_SETTINGS};

bool is_of_one_connection(uint32_t id) {
  return std::find(std::begin(of_one_connection), std::end(of_one_connection), id) !=
         std::end(of_one_connection);
}

bool has_any_of_one_connection(const Fields& fields) {
  return std::any_of(std::begin(of_one_connection), std::end(of_one_connection),
                     [&](uint32_t id) { return fields.has(id); });
}

bool is_one_of(uint32_t id, std::span<const uint32_t> ids) {
  return id != 0 && std::find(ids.begin(), ids.end(), id) != ids.end();
}

// The names in all Connection lines, less the ones that are no field names.
struct Nominated {
  bool holds(std::string_view name) const {
    return std::any_of(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(count),
                       [name](auto other) { return equal_ignoring_case(name, other); });
  }

  std::array<std::string_view, most_options> names;
  size_t count = 0;
  ConnectionOptions options;
};

bool note(Nominated& nominated, std::string_view name) {
  if (name.empty()) return true;  // RFC 9110, 5.6.1.2
  if (!is_token(name) || nominated.count == most_options) return false;
  ConnectionOptions& options = nominated.options;
  if (equal_ignoring_case(name, "close")) {
    options.close = true;
  } else if (equal_ignoring_case(name, "keep-alive")) {
    options.keep_alive = true;
  } else if (equal_ignoring_case(name, "upgrade")) {
    options.upgrade = true;
  }
  nominated.names[nominated.count++] = name;
  return true;
}

bool read_connection(const Fields& fields, Nominated& out) {
  for (const weir_field& row : fields.rows()) {
    if (row.id != WEIR_H_CONNECTION) continue;
    Elements elements{as_view(row.value)};
    while (const auto name = elements.next()) {
      if (!note(out, *name)) return false;
    }
  }
  return true;
}

bool names_a_protected(const Nominated& nominated, const Fields& fields,
                       std::span<const uint32_t> identity) {
  const auto names = std::span{nominated.names}.first(nominated.count);
  if (std::any_of(names.begin(), names.end(), is_protected_field)) return true;
  return !identity.empty() &&
         std::any_of(fields.rows().begin(), fields.rows().end(), [&](const weir_field& row) {
           return is_one_of(row.id, identity) && nominated.holds(as_view(row.name));
         });
}

bool accepts_trailers(const Fields& fields) {
  if (!fields.has(WEIR_H_TE)) return false;
  return std::any_of(fields.rows().begin(), fields.rows().end(), [](const weir_field& row) {
    if (row.id != WEIR_H_TE) return false;
    Elements elements{as_view(row.value)};
    while (const auto coding = elements.next()) {
      if (equal_ignoring_case(*coding, "trailers")) return true;
    }
    return false;
  });
}

size_t count_in_via(std::string_view line, std::string_view pseudonym) {
  size_t count = 0;
  Elements elements{line};
  while (const auto element = elements.next()) {
    Elements words{*element, ' '};
    words.next();  // the protocol
    auto by = words.next();
    while (by && by->empty()) by = words.next();
    if (by && equal_ignoring_case(*by, pseudonym)) ++count;
  }
  return count;
}

}  // namespace

bool is_protected_field(std::string_view name) {
  return equal_ignoring_case(name.substr(0, protected_prefix.size()), protected_prefix) ||
         std::any_of(std::begin(protected_names), std::end(protected_names),
                     [name](auto other) { return equal_ignoring_case(name, other); });
}

Result<ConnectionOptions, Refusal> connection_options(const Fields& fields) {
  if (!fields.has(WEIR_H_CONNECTION)) return ConnectionOptions{};
  Nominated nominated;
  if (!read_connection(fields, nominated)) return refusal("connection_malformed");
  return nominated.options;
}

std::optional<Refusal> strip_hop_by_hop(Fields& fields, std::span<const uint32_t> identity) {
  if (!has_any_of_one_connection(fields)) return std::nullopt;
  Nominated nominated;
  if (!read_connection(fields, nominated)) return refusal("connection_malformed");
  if (names_a_protected(nominated, fields, identity)) return refusal("connection_protected");
  const bool trailers = accepts_trailers(fields);
  if (trailers && !fields.set(WEIR_H_TE, "TE", "trailers")) return refusal("head_memory");
  fields.remove_if([&](const weir_field& row) {
    if (trailers && row.id == WEIR_H_TE) return false;
    return is_of_one_connection(row.id) || nominated.holds(as_view(row.name));
  });
  return std::nullopt;
}

size_t drop_odd_names(Fields& fields, std::span<const uint32_t> allowed) {
  return fields.remove_if([allowed](const weir_field& row) {
    const bool known = row.id > 0 && row.id < WEIR_H_COUNT;
    return !known && !is_plain_name(as_view(row.name)) && !is_one_of(row.id, allowed);
  });
}

size_t via_count(const Fields& fields, std::string_view pseudonym) {
  if (!fields.has(WEIR_H_VIA)) return 0;
  size_t count = 0;
  for (const weir_field& row : fields.rows()) {
    if (row.id == WEIR_H_VIA) count += count_in_via(as_view(row.value), pseudonym);
  }
  return count;
}

}  // namespace weir
