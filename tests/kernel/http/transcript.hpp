// SPDX-License-Identifier: Apache-2.0
//
// Reads a stream of messages as a connection would, in pieces cut where the caller says, and writes
// down what came out, so that two ways to cut the same bytes can be compared as texts.
#pragma once

#include "http/h1_reader.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace weir::test {

inline const Names& names() {
  static const Names names;
  return names;
}

// An arena with all its memory.
struct Memory {
  std::array<std::byte, 16384> first{};
  Arena arena{first, 1 << 20};
};

struct Transcript {
  std::string text;
  std::optional<Refusal> refusal;
};

class Connection {
 public:
  explicit Connection(Side side) : side_(side), scanner_(limits(side), side) {}

  void receive(std::string_view bytes) {
    pending_ += bytes;
    while (!out_.refusal && (body_ ? read_body() : read_head())) {
    }
  }

  Transcript finish() {
    if (body_ && body_->close()) out_.text += "closed\n";
    if (!out_.refusal && (body_ || !pending_.empty())) out_.text += "unfinished\n";
    return out_;
  }

 private:
  static HeadLimits limits(Side side) {
    return side == Side::request ? HeadLimits{} : response_limits;
  }

  bool refuse(Refusal why) {
    out_.refusal = why;
    out_.text += std::string{"refused "} + why.reason + "\n";
    return false;
  }

  void note(const Fields& fields) {
    for (const weir_field& row : fields.rows()) {
      out_.text += "  " + std::to_string(row.id) + " " + std::string{as_view(row.name)} + "=" +
                   std::string{as_view(row.value)} + "\n";
    }
  }

  void note(const RequestHead& head) {
    for (const auto part : {head.method, head.path, head.query, head.authority, head.host}) {
      out_.text += std::string{part} + "|";
    }
    out_.text += std::string{text(head.version)} + (head.keep_alive ? " keep" : " close") +
                 (head.expect_continue ? " expect" : "") +
                 (head.upgrade_websocket ? " websocket\n" : "\n");
    note(head.fields);
  }

  void note(const ResponseHead& head) {
    out_.text += std::to_string(head.status) + "|" + std::string{head.reason} + "|" +
                 std::string{text(head.version)} + (head.keep_alive ? " keep\n" : " close\n");
    note(head.fields);
  }

  template <class Head>
  bool take_head(std::optional<Refusal> why, const Head& head) {
    if (why) return refuse(*why);
    note(head);
    pending_.erase(0, scanner_.size());
    scanner_.restart();
    body_.emplace(head.framing, side_);
    body_->keep_trailers(memory_.arena, names());
    return true;
  }

  bool read_head() {
    switch (scanner_.scan(pending_)) {
      case HeadScanner::State::more:
        return false;
      case HeadScanner::State::refused:
        return refuse(scanner_.refusal());
      case HeadScanner::State::complete:
        break;
    }
    memory_.arena.reset();
    const std::string_view head = memory_.arena.copy(pending_.substr(0, scanner_.size()));
    if (side_ == Side::request) {
      RequestHead out;
      return take_head(read_request(head, {}, memory_.arena, names(), out), out);
    }
    ResponseHead out;
    return take_head(read_response(head, {}, memory_.arena, names(), out), out);
  }

  bool read_body() {
    const auto step = body_->feed(pending_);
    out_.text += step.data;
    pending_.erase(0, step.consumed);
    switch (step.kind) {
      case BodyReader::Step::Kind::refused:
        return refuse(body_->refusal());
      case BodyReader::Step::Kind::more:
        return false;
      case BodyReader::Step::Kind::data:
        return true;
      case BodyReader::Step::Kind::end:
        break;
    }
    out_.text += "\nend\n";
    note(body_->trailers());
    body_.reset();
    return !pending_.empty();
  }

  Side side_;
  HeadScanner scanner_;
  Memory memory_;
  std::optional<BodyReader> body_;
  std::string pending_;
  Transcript out_;
};

inline Transcript read_in_pieces(std::string_view bytes, const std::set<size_t>& cuts,
                                 Side side = Side::request) {
  Connection connection{side};
  size_t from = 0;
  for (const size_t cut : cuts) {
    connection.receive(bytes.substr(from, cut - from));
    from = cut;
  }
  connection.receive(bytes.substr(from));
  return connection.finish();
}

inline Transcript read_whole(std::string_view bytes, Side side = Side::request) {
  return read_in_pieces(bytes, {}, side);
}

inline Transcript read_by_byte(std::string_view bytes, Side side = Side::request) {
  Connection connection{side};
  for (const char c : bytes) connection.receive({&c, 1});
  return connection.finish();
}

}  // namespace weir::test
