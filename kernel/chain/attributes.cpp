// SPDX-License-Identifier: Apache-2.0
#include "chain/attributes.hpp"

#include <weir/module.h>

#include "base/arena.hpp"
#include "chain/escape.hpp"
#include "chain/exchange.hpp"
#include "chain/forwarding.hpp"
#include "chain/site.hpp"
#include "conf/template.hpp"
#include "http/head.hpp"
#include "http/path.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <span>
#include <string_view>

namespace weir {
namespace {

constexpr size_t longest_expansion = 64 * 1024;
constexpr size_t usual_expansion = 2048;

std::string_view decimal(uint64_t value, Arena& arena) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
  return arena.copy({digits.data(), static_cast<size_t>(end - digits.data())});
}

// Seconds with three decimals.
std::string_view seconds(uint64_t nanoseconds, Arena& arena) {
  const uint64_t ms = nanoseconds / 1'000'000;
  const char rest[] = {'.', static_cast<char>('0' + ms / 100 % 10),
                       static_cast<char>('0' + ms / 10 % 10), static_cast<char>('0' + ms % 10)};
  return join({decimal(ms / 1000, arena), {rest, sizeof rest}}, arena);
}

std::string_view moment(int64_t unix_ms, bool clf, Arena& arena) {
  const std::time_t whole = unix_ms / 1000;
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  std::array<char, 40> text;
  const size_t size = std::strftime(text.data(), text.size(),
                                    clf ? "%d/%b/%Y:%H:%M:%S +0000" : "%Y-%m-%dT%H:%M:%S", &parts);
  if (clf) return arena.copy({text.data(), size});
  const auto ms = static_cast<uint64_t>(unix_ms % 1000);
  const char rest[] = {'.', static_cast<char>('0' + ms / 100),
                       static_cast<char>('0' + ms / 10 % 10), static_cast<char>('0' + ms % 10),
                       'Z'};
  return join({{text.data(), size}, {rest, sizeof rest}}, arena);
}

std::string_view request_text(Exchange& exchange, uint32_t id) {
  const RequestHead& request = exchange.request();
  switch (id) {
    case WEIR_A_REQUEST_METHOD:
      return request.method;
    case WEIR_A_REQUEST_SCHEME:
      return exchange.scheme();
    case WEIR_A_REQUEST_HOST:
      return request.host;
    case WEIR_A_REQUEST_AUTHORITY:
      return request.authority;
    case WEIR_A_REQUEST_PATH:
      return request.path;
    case WEIR_A_REQUEST_QUERY:
      return request.query;
    case WEIR_A_REQUEST_TARGET:
      return request.target;
    case WEIR_A_REQUEST_VERSION:
      return request.method.empty() ? "" : text(request.version);
    default:
      return {};
  }
}

bool is_duration(uint32_t id) { return id == WEIR_A_DURATION || id == WEIR_A_UPSTREAM_TIME; }

bool is_number(uint32_t id) {
  constexpr std::array numbers = {
      uint32_t{WEIR_A_CLIENT_PORT},     uint32_t{WEIR_A_REQUEST_BYTES},
      uint32_t{WEIR_A_RESPONSE_STATUS}, uint32_t{WEIR_A_RESPONSE_BYTES},
      uint32_t{WEIR_A_UPSTREAM_STATUS}, uint32_t{WEIR_A_UPSTREAM_ATTEMPTS},
      uint32_t{WEIR_A_TIME_UNIX}};
  return std::find(numbers.begin(), numbers.end(), id) != numbers.end();
}

std::string_view kernel_text(Exchange& exchange, uint32_t id) {
  Arena& arena = exchange.arena();
  if (id >= WEIR_A_REQUEST_METHOD && id <= WEIR_A_REQUEST_VERSION) {
    return request_text(exchange, id);
  }
  switch (id) {
    case WEIR_A_CLIENT_ADDRESS:
      return address_text(exchange.client, arena);
    case WEIR_A_PEER_ADDRESS:
      return address_text(exchange.peer, arena);
    case WEIR_A_LISTENER:
      return exchange.listener().name;
    case WEIR_A_REQUEST_ID:
      return exchange.request_id;
    case WEIR_A_RESPONSE_REASON:
      return exchange.reason() == nullptr ? "" : exchange.reason();
    case WEIR_A_ROUTE:
      return exchange.route() == nullptr ? std::string_view{} : exchange.route()->name;
    case WEIR_A_UPSTREAM:
      return exchange.upstream_name();
    case WEIR_A_PROCESS_STATE:
      return exchange.site().draining() ? "draining" : "serving";
    case WEIR_A_ENDPOINT:
      return exchange.endpoint_text();
    case WEIR_A_TIME:
      return moment(exchange.began_unix_ms(), false, arena);
    case WEIR_A_TIME_CLF:
      return moment(exchange.began_unix_ms(), true, arena);
    default:
      return {};
  }
}

std::string_view piece_value(Exchange& exchange, const conf::Piece& piece) {
  using Kind = conf::Piece::Kind;
  switch (piece.kind) {
    case Kind::literal:
      return piece.text;
    case Kind::attribute:
      return attribute_text(exchange, piece.id);
    case Kind::request_field:
      return exchange.request().fields.find(piece.text);
    case Kind::response_field:
      return exchange.response().fields.find(piece.text);
    case Kind::query:
      return query_value(exchange.request().query, piece.text);
    case Kind::cookie:
      return cookie_value(exchange.request().fields, piece.text);
    case Kind::parameter:
      for (const PathParameter& parameter : exchange.parameters()) {
        if (parameter.name == piece.text) return parameter.value;
      }
      return {};
  }
  return {};
}

// Parts of the request's target are in the form of a URI already: escaped once more they would not
// mean the same.
bool is_uri_text(const conf::Piece& piece) {
  if (piece.kind == conf::Piece::Kind::parameter) return true;
  return piece.kind == conf::Piece::Kind::attribute && piece.id >= WEIR_A_REQUEST_SCHEME &&
         piece.id <= WEIR_A_REQUEST_TARGET;
}

// False: `room` is too small.
bool render(Exchange& exchange, const weir_template& compiled, uint32_t escape,
            std::span<char> room, size_t& size) {
  for (const conf::Piece& piece : compiled.pieces) {
    const bool plain = piece.kind == conf::Piece::Kind::literal ||
                       (escape == WEIR_ESCAPE_URI && is_uri_text(piece));
    std::string_view value = piece_value(exchange, piece);
    // Received in escaped form: decoded first, it is escaped once and in one way.
    if (escape == WEIR_ESCAPE_URI && piece.kind == conf::Piece::Kind::query) {
      value = percent_decode(value, exchange.arena()).value_or(value);
    }
    if (value.empty()) value = piece.fallback;
    if (!append_escaped(room, size, value, plain ? uint32_t{WEIR_ESCAPE_NONE} : escape)) {
      return false;
    }
  }
  return true;
}

}  // namespace

uint64_t attribute_number(const Exchange& exchange, uint32_t id) {
  switch (id) {
    case WEIR_A_CLIENT_PORT:
      return exchange.client.port;
    case WEIR_A_REQUEST_BYTES:
      return exchange.request_bytes();
    case WEIR_A_RESPONSE_STATUS:
      return exchange.status();
    case WEIR_A_RESPONSE_BYTES:
      return exchange.response_bytes();
    case WEIR_A_UPSTREAM_STATUS:
      return exchange.upstream_status();
    case WEIR_A_UPSTREAM_TIME:
      return static_cast<uint64_t>(exchange.upstream_time().count());
    case WEIR_A_UPSTREAM_ATTEMPTS:
      return exchange.attempts();
    case WEIR_A_DURATION:
      return static_cast<uint64_t>(exchange.age().count());
    case WEIR_A_TIME_UNIX:
      return static_cast<uint64_t>(exchange.began_unix_ms());
    default:
      return 0;
  }
}

std::string_view attribute_text(Exchange& exchange, uint32_t id) {
  if (id >= WEIR_INTERNED) {
    for (const Attribute* at = exchange.attributes; at != nullptr; at = at->next) {
      if (at->id == id) return at->value;
    }
    return exchange.client_stream().info(id);
  }
  if (id == WEIR_A_PROTOCOL) return exchange.client_stream().info(id);
  if (is_duration(id)) return seconds(attribute_number(exchange, id), exchange.arena());
  if (is_number(id)) return decimal(attribute_number(exchange, id), exchange.arena());
  return kernel_text(exchange, id);
}

bool set_attribute(Exchange& exchange, uint32_t id, std::string_view value) {
  if (id != WEIR_A_REQUEST_ID && id < WEIR_INTERNED) return false;
  const std::string_view copy = exchange.arena().copy(value);
  if (copy.data() == nullptr) return false;
  if (id == WEIR_A_REQUEST_ID) {
    exchange.request_id = copy;
    return true;
  }
  for (Attribute* at = exchange.attributes; at != nullptr; at = at->next) {
    if (at->id != id) continue;
    at->value = copy;
    return true;
  }
  const auto made = exchange.arena().make<Attribute>(1);
  if (made.empty()) return false;
  made.front() = {id, copy, exchange.attributes};
  exchange.attributes = &made.front();
  return true;
}

std::string_view expand(Exchange& exchange, const weir_template& compiled, uint32_t escape) {
  if (compiled.literal()) return compiled.text();
  std::array<char, usual_expansion> usual;
  size_t size = 0;
  if (render(exchange, compiled, escape, usual, size)) {
    return exchange.arena().copy({usual.data(), size});
  }
  const auto large = exchange.arena().make<char>(longest_expansion);
  size = 0;
  if (large.empty() || !render(exchange, compiled, escape, large, size)) return {};
  return {large.data(), size};
}

}  // namespace weir
