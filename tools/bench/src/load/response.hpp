// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

// Finds the end of a response that arrives in pieces. Trusts what it reads.
class Response {
 public:
  void reset() { *this = Response(); }

  // Gives how many of the bytes belong to this response; over() says whether it ends with them.
  size_t feed(std::string_view bytes);

  // The connection has ended; true if that is how this response ends.
  bool ended_by_close();

  bool over() const { return phase_ == Phase::over; }
  bool begun() const { return phase_ != Phase::head || !head_.empty(); }
  int status() const { return status_; }
  bool closes() const { return closes_; }  // it said that the connection will be closed

 private:
  enum class Phase : uint8_t {
    head,
    counted,
    until_close,
    chunk_line,
    chunk,
    chunk_end,
    trailer,
    over
  };

  Phase phase_ = Phase::head;
  bool closes_ = false;
  int status_ = 0;
  uint64_t left_ = 0;
  std::string head_;
  std::string line_;

  size_t feed_head(std::string_view bytes);
  size_t feed_counted(std::string_view bytes, Phase then);
  size_t feed_line(std::string_view bytes);
  void read_head();
  void read_line();
};

}  // namespace bench
