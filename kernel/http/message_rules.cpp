// SPDX-License-Identifier: Apache-2.0
#include "http/message_rules.hpp"

#include <weir/module.h>

#include "base/arena.hpp"
#include "base/result.hpp"
#include "http/authority.hpp"
#include "http/grammar.hpp"
#include "http/head.hpp"
#include "http/hop_by_hop.hpp"
#include "http/path.hpp"
#include "http/refusals.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir {
namespace {

using Refused = std::optional<Refusal>;

bool is_chunked(std::string_view coding) { return equal_ignoring_case(coding, "chunked"); }

// Anything but the one word "chunked" is refused; this tells why.
Refusal bad_coding(std::string_view value) {
  size_t chunked = 0;
  size_t others = 0;
  Elements codings{value};
  while (const auto coding = codings.next()) {
    if (!is_token(*coding)) return refusal("te_malformed");
    ++(is_chunked(*coding) ? chunked : others);
  }
  return others > 0 ? refusal("te_unknown") : refusal("te_repeated");
}

struct TargetParts {
  std::string_view authority;  // null unless in absolute form
  std::string_view rest;       // path and query
};

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

TargetParts split_absolute(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!starts_with_ignoring_case(target, scheme)) continue;
    target.remove_prefix(scheme.size());
    const size_t end = std::min(target.find_first_of("/?"), target.size());
    return {target.substr(0, end), target.substr(end)};
  }
  return {{}, target};
}

Refused settle_host(RequestHead& head, Arena& arena) {
  const std::string_view value = head.fields.get(WEIR_H_HOST);
  if (value.data() == nullptr) return refusal("host_missing");
  const auto authority = parse_authority(value, arena);
  if (!authority) return refusal("host_invalid");
  head.authority = authority->text;
  head.host = authority->host;
  if (authority->text.data() == value.data()) return std::nullopt;
  if (!head.fields.set(WEIR_H_HOST, "Host", authority->text)) return refusal("head_memory");
  return std::nullopt;
}

Refused settle_path(RequestHead& head, std::string_view raw, const RequestOptions& options,
                    Arena& arena) {
  const size_t mark = raw.find('?');
  if (mark != raw.npos) head.query = raw.substr(mark + 1);
  const std::string_view given = raw.substr(0, mark);
  const auto path =
      canonical_path(given.empty() ? "/" : given, {options.allow_encoded_slash}, arena);
  if (!path) return path.error();
  head.path = path.value();
  head.encoded_slash =
      options.allow_encoded_slash && head.path.find("%2F") != std::string_view::npos;
  return std::nullopt;
}

Refused settle_target(RequestHead& head, const RequestOptions& options, Arena& arena) {
  const auto [authority, rest] = split_absolute(head.target);
  const bool absolute = authority.data() != nullptr;
  // A target without its own authority must be a path or, of OPTIONS, the whole server.
  if (!absolute && !rest.starts_with('/') && rest != "*") return refusal("target_form");
  if (absolute && !equal_ignoring_case(authority, head.authority)) return refusal("host_differs");
  // RFC 9112, 3.2.4: an absolute OPTIONS without path means the whole server too.
  const bool whole_server = absolute ? rest.empty() && head.method == "OPTIONS" : rest == "*";
  if (!whole_server) return settle_path(head, rest, options, arena);
  if (head.method != "OPTIONS") return refusal("target_form");
  head.path = "*";
  return std::nullopt;
}

Refused settle_expect(RequestHead& head) {
  const std::string_view value = head.fields.get(WEIR_H_EXPECT);
  if (value.data() == nullptr) return std::nullopt;
  if (!equal_ignoring_case(value, "100-continue")) return refusal("expect");
  if (head.fields.count(WEIR_H_EXPECT) > 1) return refusal("expect");
  // RFC 9110, 10.1.1: not for HTTP/1.0, and pointless without a body.
  head.expect_continue =
      head.version == Version::http11 && head.framing.kind != Framing::Kind::none;
  return std::nullopt;
}

bool upgrades_to_websocket(const Fields& fields, const ConnectionOptions& options) {
  return options.upgrade && fields.count(WEIR_H_UPGRADE) == 1 &&
         equal_ignoring_case(fields.get(WEIR_H_UPGRADE), "websocket");
}

Refused settle_connection(RequestHead& head) {
  const auto options = connection_options(head.fields);
  if (!options) return options.error();
  const bool modern = head.version == Version::http11;
  head.keep_alive = !options->close && (modern || options->keep_alive);
  head.upgrade_websocket = modern && head.method == "GET" &&
                           head.framing.kind == Framing::Kind::none &&
                           head.fields.has(WEIR_H_SEC_WEBSOCKET_KEY) &&
                           upgrades_to_websocket(head.fields, options.value());
  return std::nullopt;
}

bool has_no_body(uint16_t status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

bool is_single(uint32_t id, Side side) {
  switch (id) {
    case WEIR_H_CONTENT_LENGTH:
    case WEIR_H_TRANSFER_ENCODING:
      return true;
    case WEIR_H_HOST:
    case WEIR_H_AUTHORIZATION:
    case WEIR_H_CONTENT_TYPE:
    case WEIR_H_CONTENT_RANGE:
    case WEIR_H_CONTENT_LOCATION:
    case WEIR_H_DATE:
    case WEIR_H_IF_MODIFIED_SINCE:
    case WEIR_H_IF_RANGE:
    case WEIR_H_IF_UNMODIFIED_SINCE:
    case WEIR_H_MAX_FORWARDS:
    case WEIR_H_ORIGIN:
    case WEIR_H_PROXY_AUTHORIZATION:
    case WEIR_H_RANGE:
    case WEIR_H_REFERER:
    case WEIR_H_SEC_WEBSOCKET_KEY:
    case WEIR_H_SEC_WEBSOCKET_VERSION:
    case WEIR_H_USER_AGENT:
      return side == Side::request;
    default:
      return false;
  }
}

Result<Framing, Refusal> declared_framing(const Fields& fields, Version version) {
  const std::string_view length = fields.get(WEIR_H_CONTENT_LENGTH);
  const std::string_view coding = fields.get(WEIR_H_TRANSFER_ENCODING);
  const bool has_length = length.data() != nullptr;
  if (has_length && fields.count(WEIR_H_CONTENT_LENGTH) > 1) return refusal("length_repeated");
  if (coding.data() == nullptr) {
    if (!has_length) return Framing{};
    const auto bytes = parse_length(length);
    if (!bytes) return refusal("length_invalid");
    return Framing{Framing::Kind::length, *bytes};
  }
  if (has_length) return refusal("length_and_te");
  if (version == Version::http10) return refusal("te_http10");
  if (fields.count(WEIR_H_TRANSFER_ENCODING) > 1) return refusal("te_repeated");
  if (!is_chunked(coding)) return bad_coding(coding);
  return Framing{Framing::Kind::chunked, 0};
}

Refused settle_request(RequestHead& head, const RequestOptions& options, Arena& arena) {
  head.scheme = options.scheme;
  if (head.method == "CONNECT") return refusal("connect");
  if (const auto why = settle_host(head, arena)) return why;
  if (const auto why = settle_target(head, options, arena)) return why;
  const auto framing = declared_framing(head.fields, head.version);
  if (!framing) return framing.error();
  head.framing = framing.value();
  if (const auto why = settle_expect(head)) return why;
  return settle_connection(head);
}

Refused settle_response(ResponseHead& head, std::string_view request_method) {
  const auto declared = declared_framing(head.fields, head.version);
  if (!declared) return declared.error();
  const auto options = connection_options(head.fields);
  if (!options) return options.error();
  head.declared = head.framing = declared.value();
  if (has_no_body(head.status) || request_method == "HEAD") {
    head.framing = Framing{};
  } else if (head.framing.kind == Framing::Kind::none) {
    head.declared = head.framing = Framing{Framing::Kind::until_close, 0};
  }
  const bool lasting = head.version == Version::http11 || options->keep_alive;
  head.keep_alive = lasting && !options->close && head.framing.kind != Framing::Kind::until_close;
  head.upgrade_websocket =
      head.status == 101 && upgrades_to_websocket(head.fields, options.value());
  return std::nullopt;
}

}  // namespace weir
