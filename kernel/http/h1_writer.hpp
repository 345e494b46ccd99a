// SPDX-License-Identifier: Apache-2.0
//
// Heads and chunk framing to bytes, in one pass into a buffer of the caller's.
//
// A head is always built anew from its structure; nothing of the received framing is ever sent on.
// The lines that say where a message ends and whether the connection lasts come from the arguments
// alone: rows of these names are passed over.
//
// Promise: what a call writes is well formed, or it returns false and the buffer holds what it held
// before: no room, or a name or value that would break the grammar.
//
// Thread: one owner.
#pragma once

#include "http/fields.hpp"
#include "http/head.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <span>
#include <string_view>

namespace weir {

// What the Connection line says.
enum class Persistence : uint8_t {
  implied,     // no such line: the connection lasts, as HTTP/1.1 has it
  keep_alive,  // said aloud, to HTTP/1.0
  close,
  websocket  // Connection: upgrade, with the Upgrade line
};

struct RequestLine {
  std::string_view method;
  std::string_view path;
  std::string_view query;  // null: no "?"
};

struct StatusLine {
  uint16_t status = 0;
  std::string_view reason;  // null: the usual one
};

// The words that usually go with a status; empty for one that nobody registered.
std::string_view usual_reason(uint16_t status);

class Writer {
 public:
  explicit Writer(std::span<char> buffer) : buffer_(buffer) {}

  // `framing` is what the body that follows has, or for a response to HEAD and a 304, would have.
  // 1xx and 204 get no framing line whatever it says; until_close is for responses, with `close`.
  bool write_request(const RequestLine& line, const Fields& fields, Framing framing,
                     Persistence persistence);
  bool write_response(const StatusLine& line, const Fields& fields, Framing framing,
                      Persistence persistence);

  // A chunk is its head, `size` bytes, and the end. Expects: size is not 0.
  bool write_chunk_head(uint64_t size);
  bool write_chunk_end() { return literal("\r\n"); }
  bool write_last_chunk(const Fields* trailers = nullptr);

  std::string_view text() const { return {buffer_.data(), size_}; }
  size_t size() const { return size_; }

 private:
  // Where the next `size` bytes go; nullptr: no room.
  char* take(size_t size);
  template <size_t N>
  bool literal(const char (&text)[N]);
  bool plain(std::string_view text);
  bool number(uint64_t value, unsigned base);
  bool value(std::string_view text);
  bool row(const weir_field& field);
  bool rows(const Fields& fields, bool trailers);
  bool framing_line(Framing framing);
  bool connection_lines(Persistence persistence, bool names_te);
  bool rest(const Fields& fields, Framing framing, Persistence persistence);
  bool settle(bool good, size_t before);

  std::span<char> buffer_;
  size_t size_ = 0;
};

inline char* Writer::take(size_t size) {
  if (size > buffer_.size() - size_) return nullptr;
  char* const at = buffer_.data() + size_;
  size_ += size;
  return at;
}

template <size_t N>
bool Writer::literal(const char (&text)[N]) {
  char* const at = take(N - 1);
  if (at != nullptr) std::memcpy(at, text, N - 1);
  return at != nullptr;
}

// The Date of a response, formatted once a second (RFC 9110, 5.6.7). One per loop.
class HttpDate {
 public:
  // Lasts until the next call. Expects: a year from 0 to 9999.
  std::string_view at(std::time_t now);

 private:
  std::time_t now_ = -1;
  std::array<char, 29> text_{};
};

// "Sun, 06 Nov 1994 08:49:37 GMT" at `now`.
std::array<char, 29> http_date(std::time_t now);

}  // namespace weir
