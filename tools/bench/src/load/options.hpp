// SPDX-License-Identifier: Apache-2.0
//
// What the load generator was told to do; each member is an option of the same name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

enum class Mode : uint8_t {
  http,       // requests one after the other, or at a fixed rate
  handshake,  // connect, TLS handshake, close
  websocket,  // echoes of one size
  idle,       // a request on each connection, then silence until standard input ends
};

struct Options {
  Mode mode = Mode::http;
  uint16_t port = 0;
  size_t connections = 64;
  unsigned sources = 0;  // addresses 127.0.1.0 and up to come from; 0: as the system likes
  double warm = 1;       // seconds before the window
  double time = 3;       // seconds of the window
  double rate = 0;       // requests a second in all; 0: as fast as the answers come
  std::string proxy;     // process ids of the proxy, for its CPU time
  int origin = 0;        // and that of the origin
  std::string path = "/s/1024";
  std::string hosts;  // file of host names, a line each, to be used in turn
  std::vector<std::string> headers;
  size_t post = 0;     // bytes of a request body; 0: GET
  size_t size = 128;   // bytes of a WebSocket message
  bool close = false;  // a connection for each request
  bool tls = false;
  bool resume = false;  // resume the first TLS session
};

// Ends the process with status 2 and a line if the arguments make no sense.
Options parse_options(int count, char** arguments);

// The heads to send in turn, one a host.
std::vector<std::string> request_heads(const Options& options);

}  // namespace bench
