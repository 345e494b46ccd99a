// SPDX-License-Identifier: Apache-2.0
#include "conf/limits.hpp"

#include <weir/module.h>

#include "conf/units.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace weir::conf {

namespace {

// Durations are filled as the int64_t nanoseconds of the ABI.
static_assert(offsetof(LimitKey, key) == 0);
static_assert(sizeof(Duration) == sizeof(int64_t) && std::is_same_v<Duration::rep, int64_t>);

struct Row {
  const char* name;
  const char* preset;
  uint32_t status;
  const char* doc;
};

constexpr double gib = 1024.0 * 1024.0 * 1024.0;

constexpr LimitKey size(Row row, size_t offset, double min = 1, double max = gib) {
  return {{row.name, row.doc, row.preset, WEIR_BYTES, 0, offset, nullptr, nullptr, min, max},
          row.status};
}

constexpr LimitKey count(Row row, size_t offset, double min, double max) {
  return {{row.name, row.doc, row.preset, WEIR_INT, 0, offset, nullptr, nullptr, min, max},
          row.status};
}

constexpr LimitKey time(Row row, size_t offset) {
  constexpr double least = 1e6, day = 86'400e9;
  return {{row.name, row.doc, row.preset, WEIR_DURATION, 0, offset, nullptr, nullptr, least, day},
          row.status};
}

constexpr std::array limits{
    size({"request_line", "8KiB", 414, "Longest request line."}, offsetof(Limits, request_line),
         64),
    size({"header", "32KiB", 431, "All header lines of a request together."},
         offsetof(Limits, header), 64),
    size({"header_field", "16KiB", 431, "Longest single header line of a request."},
         offsetof(Limits, header_field), 64),
    count({"header_count", "100", 431, "Most header lines of a request."},
          offsetof(Limits, header_count), 1, 10000),
    size({"response_header", "64KiB", 502,
          "Status line and header lines of an upstream's response."},
         offsetof(Limits, response_header), 64),
    count({"response_header_count", "200", 502, "Most header lines of an upstream's response."},
          offsetof(Limits, response_header_count), 1, 10000),
    size({"body", "1GiB", 413, "Longest request body; a route's `max_body` goes before."},
         offsetof(Limits, body), 0, gib* gib),
    size({"buffered_body", "1MiB", 0,
          "Most of a body that a module may hold as a whole; what becomes of a longer one is the "
          "module's to say."},
         offsetof(Limits, buffered_body)),
    size({"body_in", "64KiB", 0,
          "Body bytes held on the way to an upstream; then the client waits."},
         offsetof(Limits, body_in), 4096),
    size({"body_out", "256KiB", 0,
          "Body bytes held on the way to a client; then the upstream waits."},
         offsetof(Limits, body_out), 4096),
    size({"unread_body", "64KiB", 0,
          "Rest of a body that is read away to keep a connection; beyond, it is closed."},
         offsetof(Limits, unread_body), 0),
    count({"interim_responses", "8", 502, "Most responses 1xx before the final one."},
          offsetof(Limits, interim_responses), 0, 100),
    count(
        {"reroutes", "5", 500, "How often filters may change a request so that it is routed anew."},
        offsetof(Limits, reroutes), 0, 100),
    size({"exchange_memory", "1MiB", 500,
          "Memory of one exchange: its heads and what modules keep."},
         offsetof(Limits, exchange_memory), 65536),
    count({"requests", "10000", 0,
           "Requests of one client connection; the last is answered with `close`."},
          offsetof(Limits, requests), 1, 1e15),
    count(
        {"connections", "0", 0,
         "Client connections of the process, further ones wait to be accepted; 0: 45 % of the open "
         "file limit, at most 65536."},
        offsetof(Limits, connections), 0, 1e7),
    count({"connections_per_client", "512", 0,
           "Connections of one client address (IPv6: /64), further ones are closed; trusted "
           "proxies are "
           "exempt; 0: no limit."},
          offsetof(Limits, connections_per_client), 0, 1e7),
    size(
        {"memory", "0", 503,
         "Memory of the process, see Overload; 0: 70 % of its cgroup's limit or of the machine's."},
        offsetof(Limits, memory), 0, gib* gib),
};

constexpr std::array timeouts{
    time({"handshake", "10s", 0,
          "From the accept of a connection to the end of its transports' handshakes (TLS and the "
          "like)."},
         offsetof(Timeouts, handshake)),
    time({"head", "10s", 408, "From a request's first byte to the end of its head."},
         offsetof(Timeouts, head)),
    time({"body", "30s", 408, "Longest gap between two pieces of a request body."},
         offsetof(Timeouts, body)),
    size({"body_rate", "500", 408, "Least bytes a second of a request body; 0: no bound."},
         offsetof(Timeouts, body_rate), 0),
    time({"body_rate_after", "10s", 0, "When `body_rate` begins to count."},
         offsetof(Timeouts, body_rate_after)),
    time({"keep_alive", "60s", 0, "How long an idle client connection is kept."},
         offsetof(Timeouts, keep_alive)),
    time({"keep_alive_overload", "10s", 0,
          "The same when connections, memory or descriptors are nearly used up."},
         offsetof(Timeouts, keep_alive_overload)),
    time({"write", "30s", 0,
          "Longest time without progress when sending; then the connection is reset."},
         offsetof(Timeouts, write)),
    time({"unread_body", "1s", 0,
          "Time for reading a body's rest away; see the limit of that name."},
         offsetof(Timeouts, unread_body)),
    time({"connect", "3s", 504, "Time to connect to an endpoint."}, offsetof(Timeouts, connect)),
    time({"first_byte", "60s", 504, "From the sent request to the response's head."},
         offsetof(Timeouts, first_byte)),
    time({"read", "60s", 0, "Longest gap between two pieces of a response; then it is cut off."},
         offsetof(Timeouts, read)),
    time({"tunnel", "10m", 0, "How long a tunnel (WebSocket) may be silent."},
         offsetof(Timeouts, tunnel)),
};

}  // namespace

std::span<const LimitKey> limit_rows() { return limits; }
std::span<const LimitKey> timeout_rows() { return timeouts; }

const weir_schema limits_schema{sizeof(weir_schema), sizeof(LimitKey), &limits[0].key,
                                limits.size(), sizeof(Limits)};
const weir_schema timeouts_schema{sizeof(weir_schema), sizeof(LimitKey), &timeouts[0].key,
                                  timeouts.size(), sizeof(Timeouts)};

}  // namespace weir::conf
