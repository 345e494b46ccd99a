// SPDX-License-Identifier: Apache-2.0
//
// One connection of the origin: reads requests, drops their bodies, answers with prebuilt pages.
//
// Cheapness is all it is for: one receive and one send per request, no allocation after accept. It
// trusts its only client, the proxy under test.
#pragma once

#include "pages.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace bench {

class Connection {
 public:
  // Takes over `descriptor`. Expects: `pages` outlives this.
  Connection(int descriptor, Pages& pages);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // What epoll reported. False: the connection is over.
  bool on_event(uint32_t events);

 private:
  enum class Mode : uint8_t { head, body, chunked, websocket };

  int descriptor_;
  Pages& pages_;
  Mode mode_ = Mode::head;
  bool closing_ = false;
  uint64_t body_left_ = 0;
  size_t end_seen_ = 0;  // how much of a chunked body's end "0\r\n\r\n" was seen
  const std::string* page_ = nullptr;
  size_t page_sent_ = 0;
  std::string echo_;
  size_t held_ = 0;
  std::unique_ptr<char[]> in_;

  bool receive(uint32_t events);
  bool digest();
  bool take_head();
  void answer(std::string_view head);
  void expect_body(std::string_view head);
  bool skip_body();
  bool skip_chunks();
  void drop(size_t bytes);
  bool flush();
};

}  // namespace bench
