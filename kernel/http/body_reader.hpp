// SPDX-License-Identifier: Apache-2.0
//
// Takes the framing off a body, as its bytes come.
//
// Pull: `feed` looks at the front of what is there and answers with one step, of which data is a
// view into the input, never a copy. The caller goes on with the rest until a step says `more` or
// `end`; what is not consumed then belongs to the next message. Chunk extensions are checked and
// dropped; trailers are checked, and dropped unless an arena was given to keep them in.
//
// Promise: any cut of the input gives the same data and the same end. After a refusal nothing more
// is read: where the message ends is not known.
//
// Thread: one owner.
#pragma once

#include "base/arena.hpp"
#include "http/head.hpp"
#include "http/names.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace weir {

class BodyReader {
 public:
  struct Step {
    enum class Kind : uint8_t { more, data, end, refused };
    Kind kind;
    size_t consumed;        // of the input, framing included
    std::string_view data;  // of Kind::data; part of what was consumed
  };

  explicit BodyReader(Framing framing, Side side = Side::request);

  // Keeps trailers from here on, less those that would change what the head said; in the middle of
  // one, or asked for again, it changes nothing. Expects: both outlive the reader.
  void keep_trailers(Arena& arena, const Names& names);

  Step feed(std::string_view input);

  // The connection ended: true when this is the body's proper end.
  bool close();

  // Nothing more is to come, so `feed` would say `end`.
  bool ended() const { return state_ == State::ended; }
  // Bytes of Kind::data that may be expected next, to be moved without looking at them: of the
  // whole body, or of the current chunk.
  uint64_t left() const { return left_; }
  // Takes note that so many of them passed without `feed`. Expects: n <= left(), framing is length.
  void skip(uint64_t n);

  Refusal refusal() const;
  const Fields& trailers() const { return kept_ == nullptr ? none : kept_->trailers; }

 private:
  enum class State : uint8_t {
    length,
    until_close,
    size,
    extension,
    size_lf,
    chunk,
    chunk_cr,
    chunk_lf,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    last_lf,
    ended,
    refused
  };
  // Where in ";name=value" an extension stands (RFC 9112, 7.1.1).
  enum class Part : uint8_t {
    before_name,
    name,
    after_name,
    before_value,
    value,
    quoted,
    quoted_pair,
    closed,
    after_value
  };

  // Trailers that are kept; in the arena they were asked for with.
  struct Kept {
    Arena& arena;
    const Names& names;
    std::span<char> text;  // names and values
    size_t size = 0;
    size_t line_start = 0;  // of the current one
    Fields trailers;
  };
  static const Fields none;

  Step take(std::string_view input, size_t from);
  void framing_byte(char c);
  void size_byte(char c);
  void size_ended();
  void extension_byte(char c);
  static std::optional<Part> next_part(Part part, char c);
  static std::optional<Part> part_behind(Part part, char c);
  void trailer_byte(char c);
  void trailer_ended();
  void keep(char c);
  void refuse(Refusal why);

  State state_;
  Side side_;
  Part part_ = Part::before_name;
  uint64_t left_ = 0;
  uint8_t digits_ = 0;
  uint16_t line_ = 0;        // bytes of the current size line
  uint16_t extensions_ = 0;  // bytes of the body so far
  uint16_t trailer_bytes_ = 0;
  uint16_t trailer_count_ = 0;
  uint16_t name_size_ = 0;
  Refusal refusal_{};

  Kept* kept_ = nullptr;  // nullptr: they are dropped
};

}  // namespace weir
