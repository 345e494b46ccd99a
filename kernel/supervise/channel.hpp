// SPDX-License-Identifier: Apache-2.0
//
// What a supervisor and a worker process say to each other, and the socket pair that carries it.
//
// A packet of the pair holds the head of a message and up to 16 KiB of its text; a longer text goes
// on in further packets. Both sides are the same program, so the form is this file's business
// alone. A worker may be taken over by who attacks it: what does not look like a message, or is
// longer than longest_text, ends the channel as if the other side had gone.
//
// Thread: one owner, but for beat.
#pragma once

#include "base/result.hpp"
#include "supervise/descriptor.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct Message {
  enum class Kind : uint32_t {
    // A worker asks; `order` is its own number for it.
    listen,      // text: the address; answered by a reply with the socket, or an error text
    release,     // text: the address
    is_last,     // text: the address; answered by a reply that is good when it is
    ready,       // answered by a reply
    status,      // text
    beat,        // [any]
    done,        // of the order: good, text
    reload_all,  // answered by outcomes, then told
    ask_all,     // text: the question; likewise
    drain_all,
    upgrade,  // answered like reload_all
    // A supervisor answers and orders.
    reply,
    outcome,
    told,
    prepare,  // a reload; answered by done, as commit is
    commit,   // what was prepared
    discard,  // the same; not answered
    answer,   // text: the question
    drain,    // good: for good
    reopen_logs,
  };
  static constexpr Kind last_kind = Kind::reopen_logs;

  Kind kind = Kind::beat;
  bool good = true;
  uint64_t order = 0;
  std::string text{};
  Descriptor fd{};
};

class Channel {
 public:
  static constexpr size_t longest_text = 16 << 20;

  struct Ends;
  // Both non-blocking and close-on-exec.
  static Result<Ends> pair();
  explicit Channel(Descriptor end) : end_(std::move(end)) {}

  int fd() const { return end_.get(); }

  // What the system does not take now waits for flush. That it does not become too much is for the
  // sender to see to.
  void send(Message message);
  void flush();
  size_t unsent() const { return unsent_bytes_; }

  // A message with nothing in it but its kind, lost when the system does not take it at once. [any]
  void beat() const;

  // The next whole message; nothing: there is none now, or there will be none any more.
  std::optional<Message> receive();
  bool ended() const { return ended_; }

  // Waits for the other side, for as long as it lives.
  void await() const;

 private:
  struct Packet {
    std::vector<char> bytes;
    Descriptor fd;
  };
  enum class Got : uint8_t { nothing, part, whole };

  bool put(const Packet& packet);
  Got get(Message& part);
  Got end();

  Descriptor end_;
  std::deque<Packet> unsent_;
  size_t unsent_bytes_ = 0;
  std::optional<Message> partial_;
  bool ended_ = false;
};

struct Channel::Ends {
  Channel here, there;
};

}  // namespace weir
