// SPDX-License-Identifier: Apache-2.0
//
// All limits and timeouts of HTTP/1 in one table each.
//
// A row holds name, default, meaning and the status that answers one step beyond the limit. From
// these rows come the reading and checking of [server.limits] and [server.timeouts], the table in
// conf/README.md, and the tests of every edge; nothing repeats a figure.
//
// Thread: any; constant.
#pragma once

#include <weir/module.h>

#include "conf/units.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace weir::conf {

// A weir_key with what lies beyond the limit; arrays of it are read by their stride.
struct LimitKey {
  weir_key key;
  uint32_t status;  // sent one step beyond the limit; 0: no response, see the doc text
};

struct Limits {
  uint64_t request_line;
  uint64_t header;
  uint64_t header_field;
  int64_t header_count;
  uint64_t response_header;
  int64_t response_header_count;
  uint64_t body;
  uint64_t buffered_body;
  uint64_t body_in;
  uint64_t body_out;
  uint64_t unread_body;
  int64_t interim_responses;
  int64_t reroutes;
  uint64_t exchange_memory;
  int64_t requests;
  int64_t connections;
  int64_t connections_per_client;
  uint64_t memory;
};

struct Timeouts {
  Duration handshake;
  Duration head;
  Duration body;
  uint64_t body_rate;
  Duration body_rate_after;
  Duration keep_alive;
  Duration keep_alive_overload;
  Duration write;
  Duration unread_body;
  Duration connect;
  Duration first_byte;
  Duration read;
  Duration tunnel;
};

std::span<const LimitKey> limit_rows();
std::span<const LimitKey> timeout_rows();
extern const weir_schema limits_schema;
extern const weir_schema timeouts_schema;

}  // namespace weir::conf
