// SPDX-License-Identifier: Apache-2.0
#include "http/body_reader.hpp"

#include "base/arena.hpp"
#include "base/contract.hpp"
#include "http/fields.hpp"
#include "http/grammar.hpp"
#include "http/head.hpp"
#include "http/hop_by_hop.hpp"
#include "http/limits.hpp"
#include "http/names.hpp"
#include "http/refusals.hpp"
#include "http/scan.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace weir {
namespace {

bool is_token_byte(char c) { return !scan::TokenEnd::stops(static_cast<unsigned char>(c)); }
bool is_value_byte(char c) { return !scan::ValueEnd::stops(static_cast<unsigned char>(c)); }

}  // namespace

const Fields BodyReader::none;

BodyReader::BodyReader(Framing framing, Side side) : side_(side) {
  switch (framing.kind) {
    case Framing::Kind::none:
      state_ = State::ended;
      break;
    case Framing::Kind::length:
      state_ = framing.length == 0 ? State::ended : State::length;
      left_ = framing.length;
      break;
    case Framing::Kind::chunked:
      state_ = State::size;
      break;
    case Framing::Kind::until_close:
      state_ = State::until_close;
      break;
  }
}

void BodyReader::keep_trailers(Arena& arena, const Names& names) {
  if (kept_ != nullptr || name_size_ > 0) return;
  void* const at = arena.allocate(sizeof(Kept), alignof(Kept));
  if (at == nullptr) return refuse(weir::refusal("head_memory"));
  kept_ = new (at) Kept{arena, names, {}, 0, 0, Fields{arena}};
}

Refusal BodyReader::refusal() const {
  expects(state_ == State::refused, "the body was refused");
  return refusal_;
}

void BodyReader::refuse(Refusal why) {
  refusal_ = side_ == Side::request ? why : from_upstream(why);
  state_ = State::refused;
}

bool BodyReader::close() {
  if (state_ == State::until_close) state_ = State::ended;
  return state_ == State::ended;
}

void BodyReader::skip(uint64_t n) {
  expects(state_ == State::length && n <= left_, "skipped bytes are part of the body");
  left_ -= n;
  if (left_ == 0) state_ = State::ended;
}

BodyReader::Step BodyReader::feed(std::string_view input) {
  for (size_t at = 0;; ++at) {
    if (state_ == State::ended) return {Step::Kind::end, at, {}};
    if (state_ == State::refused) return {Step::Kind::refused, at, {}};
    if (at == input.size()) return {Step::Kind::more, at, {}};
    switch (state_) {
      case State::length:
      case State::chunk:
      case State::until_close:
        return take(input, at);
      default:
        framing_byte(input[at]);
    }
  }
}

BodyReader::Step BodyReader::take(std::string_view input, size_t from) {
  std::string_view data = input.substr(from);
  if (state_ != State::until_close) {
    data = data.substr(0, static_cast<size_t>(std::min<uint64_t>(data.size(), left_)));
    left_ -= data.size();
    if (left_ == 0) state_ = state_ == State::chunk ? State::chunk_cr : State::ended;
  }
  return {Step::Kind::data, from + data.size(), data};
}

void BodyReader::framing_byte(char c) {
  switch (state_) {
    case State::size:
      return size_byte(c);
    case State::extension:
      return extension_byte(c);
    case State::size_lf:
      return c == '\n' ? size_ended() : refuse(weir::refusal("chunk_line"));
    case State::chunk_cr:
      state_ = State::chunk_lf;
      if (c != '\r') refuse(weir::refusal("chunk_end"));
      return;
    case State::chunk_lf:
      state_ = State::size;
      if (c != '\n') refuse(weir::refusal("chunk_end"));
      return;
    case State::last_lf:
      state_ = State::ended;
      if (c != '\n') refuse(weir::refusal("trailer"));
      return;
    default:
      return trailer_byte(c);
  }
}

void BodyReader::size_byte(char c) {
  ++line_;
  const int digit = hex_digit(c);
  if (digit >= 0 && digits_ < ChunkLimits::size_digits) {
    left_ = left_ * 16 + static_cast<unsigned>(digit);
    ++digits_;
  } else if (c == ';' && digits_ > 0) {
    state_ = State::extension;
    part_ = Part::before_name;
    ++extensions_;
  } else if (c == '\r' && digits_ > 0) {
    state_ = State::size_lf;
  } else {
    refuse(weir::refusal("chunk_size"));
  }
}

void BodyReader::size_ended() {
  state_ = left_ == 0 ? State::trailer_start : State::chunk;
  line_ = 0;
  digits_ = 0;
}

void BodyReader::extension_byte(char c) {
  const bool may_end = part_ == Part::name || part_ == Part::value || part_ == Part::closed;
  if (c == '\r' && may_end) {
    state_ = State::size_lf;
    return;
  }
  if (++line_ > ChunkLimits::line) return refuse(weir::refusal("chunk_line_long"));
  if (++extensions_ > ChunkLimits::extensions) return refuse(weir::refusal("chunk_extensions"));
  const auto part = next_part(part_, c);
  if (!part) return refuse(weir::refusal("chunk_line"));
  part_ = *part;
}

// Where an extension stands after one more byte; nothing when the byte cannot stand there.
std::optional<BodyReader::Part> BodyReader::next_part(Part part, char c) {
  const auto to = [](bool fits, Part next) { return fits ? std::optional{next} : std::nullopt; };
  switch (part) {
    case Part::before_name:
      return is_blank(c) ? part : to(is_token_byte(c), Part::name);
    case Part::before_value:
      if (c == '"') return Part::quoted;
      return is_blank(c) ? part : to(is_token_byte(c), Part::value);
    case Part::quoted:
      if (c == '"') return Part::closed;
      return c == '\\' ? Part::quoted_pair : to(is_value_byte(c), Part::quoted);
    case Part::quoted_pair:
      return to(is_value_byte(c), Part::quoted);
    default:
      return part_behind(part, c);
  }
}

// The same behind a name or a value, or in it.
std::optional<BodyReader::Part> BodyReader::part_behind(Part part, char c) {
  const bool named = part == Part::name || part == Part::after_name;
  if (c == ';') return Part::before_name;
  if (is_blank(c)) return named ? Part::after_name : Part::after_value;
  if (named && c == '=') return Part::before_value;
  if ((part != Part::name && part != Part::value) || !is_token_byte(c)) return std::nullopt;
  return part;
}

void BodyReader::trailer_byte(char c) {
  const bool at_start = state_ == State::trailer_start;
  const bool closes = at_start && c == '\r';  // of the empty line that ends them
  if (!closes && ++trailer_bytes_ > ChunkLimits::trailer_bytes) {
    return refuse(weir::refusal("trailers_long"));
  }
  if (state_ == State::trailer_lf) {
    if (c != '\n') return refuse(weir::refusal("trailer"));
    trailer_ended();
  } else if (state_ == State::trailer_value) {
    if (c == '\r') {
      state_ = State::trailer_lf;
    } else if (is_value_byte(c)) {
      keep(c);
    } else {
      refuse(weir::refusal("trailer"));
    }
  } else if (closes) {
    state_ = State::last_lf;
  } else if (is_token_byte(c)) {
    state_ = State::trailer_name;
    name_size_ = static_cast<uint16_t>(name_size_ + 1);
    keep(c);
  } else if (!at_start && c == ':') {
    state_ = State::trailer_value;
  } else {
    refuse(weir::refusal("trailer"));
  }
}

void BodyReader::keep(char c) {
  if (kept_ == nullptr) return;
  if (kept_->text.empty()) {
    auto* const at = static_cast<char*>(kept_->arena.allocate(ChunkLimits::trailer_bytes, 1));
    if (at == nullptr) return refuse(weir::refusal("head_memory"));
    kept_->text = {at, ChunkLimits::trailer_bytes};
  }
  kept_->text[kept_->size++] = c;
}

void BodyReader::trailer_ended() {
  state_ = State::trailer_start;
  if (++trailer_count_ > ChunkLimits::trailers) return refuse(weir::refusal("trailers_many"));
  const size_t name_size = std::exchange(name_size_, uint16_t{0});
  if (kept_ == nullptr) return;
  const std::string_view kept{kept_->text.data(), kept_->size};
  const std::string_view name = kept.substr(kept_->line_start, name_size);
  const std::string_view value = trim(kept.substr(kept_->line_start + name_size));
  kept_->line_start = kept_->size;
  if (!is_protected_field(name) && !kept_->trailers.add(kept_->names.find(name), name, value)) {
    refuse(weir::refusal("head_memory"));
  }
}

}  // namespace weir
