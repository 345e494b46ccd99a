// SPDX-License-Identifier: Apache-2.0
#include "http/head_scanner.hpp"

#include "base/contract.hpp"
#include "http/grammar.hpp"
#include "http/head.hpp"
#include "http/limits.hpp"
#include "http/refusals.hpp"
#include "http/scan.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace weir {
namespace {

// As far as its place goes; the reader looks at it closely.
bool ends_in_version(std::string_view line) {
  constexpr std::string_view shape = " HTTP/1.1";
  if (line.size() <= shape.size()) return false;
  return equal_ignoring_case(line.substr(line.size() - shape.size(), 6), shape.substr(0, 6));
}

uint32_t narrow(size_t limit) {
  return static_cast<uint32_t>(std::min<size_t>(limit, std::numeric_limits<uint32_t>::max()));
}

}  // namespace

HeadScanner::HeadScanner(const HeadLimits& limits, Side side)
    : line_(narrow(limits.line)),
      field_(narrow(limits.field)),
      total_(narrow(limits.total)),
      fields_(narrow(limits.fields)),
      side_(side) {}

size_t HeadScanner::size() const {
  expects(state_ == State::complete, "the head is complete");
  return at_;
}

Refusal HeadScanner::refusal() const {
  expects(state_ == State::refused, "the head was refused");
  return refusal_;
}

void HeadScanner::restart() {
  at_ = line_start_ = lines_ = 0;
  state_ = State::more;
}

HeadScanner::State HeadScanner::refuse(Refusal why) {
  refusal_ = side_ == Side::request ? why : from_upstream(why);
  return state_ = State::refused;
}

HeadScanner::State HeadScanner::over_line_limit() {
  return refuse(lines_ == 0 ? weir::refusal("line_long") : weir::refusal("field_long"));
}

HeadScanner::State HeadScanner::scan(std::string_view bytes) {
  // What lies beyond the limit must not decide, or the answer would depend on how much arrived.
  const std::string_view seen = bytes.substr(0, total_);
  while (state_ == State::more) {
    const size_t stop = scan::find<scan::LineBreak>(seen, at_);
    if (stop - line_start_ > line_limit()) return over_line_limit();
    at_ = static_cast<uint32_t>(stop);
    if (stop + 1 < seen.size() && seen[stop] == '\r' && seen[stop + 1] == '\n') {
      close_line(seen.substr(line_start_, stop - line_start_));
      continue;
    }
    if (stop + 1 >= seen.size() && (stop == seen.size() || seen[stop] == '\r')) {
      // A CR at the end waits for its LF.
      return seen.size() == total_ ? refuse(weir::refusal("head_long")) : State::more;
    }
    if (seen[stop] == '\n') return refuse(weir::refusal("bare_lf"));
    if (seen[stop] == '\0') return refuse(weir::refusal("nul"));
    return refuse(weir::refusal("bare_cr"));
  }
  return state_;
}

HeadScanner::State HeadScanner::close_line(std::string_view line) {
  at_ = line_start_ += static_cast<uint32_t>(line.size() + 2);
  if (line.empty()) {
    return lines_ == 0 ? refuse(weir::refusal("empty_line")) : state_ = State::complete;
  }
  // HTTP/0.9 has no second line to wait for.
  if (lines_ == 0 && side_ == Side::request && !ends_in_version(line)) {
    return refuse(weir::refusal("version"));
  }
  ++lines_;
  if (lines_ > size_t{fields_} + 1) return refuse(weir::refusal("fields_many"));
  return state_;
}

}  // namespace weir
