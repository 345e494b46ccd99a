// SPDX-License-Identifier: Apache-2.0
//
// Finds the end of a head in a buffer that grows, and refuses at once what can never become one.
//
// Looks at each byte once, however small the pieces arrive in, and decides by place and not by
// piece: any cut of the same bytes ends in the same answer. Line ends are CRLF and nothing else.
//
// It is part of each connection, so it is small: limits beyond 4 GiB are none.
//
// Thread: one owner.
#pragma once

#include "http/head.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

class HeadScanner {
 public:
  enum class State : uint8_t { more, complete, refused };

  explicit HeadScanner(const HeadLimits& limits, Side side = Side::request);

  // `bytes` holds all that arrived of this message, from its first byte; it may lie elsewhere each
  // time.
  State scan(std::string_view bytes);

  // Bytes of the head with its empty line. Expects: complete.
  size_t size() const;

  // Expects: refused.
  Refusal refusal() const;

  // Ready for the next message.
  void restart();

 private:
  State refuse(Refusal why);
  State close_line(std::string_view line);
  State over_line_limit();
  size_t line_limit() const { return lines_ == 0 ? line_ : field_; }

  uint32_t line_, field_, total_, fields_;  // the limits
  uint32_t at_ = 0;                         // everything before it was looked at
  uint32_t line_start_ = 0;
  uint32_t lines_ = 0;  // complete and not empty
  Side side_;
  State state_ = State::more;
  Refusal refusal_{};
};

}  // namespace weir
