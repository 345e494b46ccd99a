// SPDX-License-Identifier: Apache-2.0
//
// A transport that masks every byte with 0x2a, in ways that a real one might have.
#include <weir/module.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace {

void say(weir::Text trace, std::string_view what) {
  if (trace.view().empty()) return;
  if (FILE* const file = std::fopen(std::string(trace.view()).c_str(), "a")) {
    std::fprintf(file, "%.*s\n", static_cast<int>(what.size()), what.data());
    std::fclose(file);
  }
}

class Mask {
 public:
  static constexpr auto name = "mask";
  static constexpr auto doc = "Masks every byte.";
  static constexpr auto kind = weir::Kind::transport;
  static constexpr uint32_t flags = WEIR_ENCRYPTS;

  struct Conf {
    int64_t most, ends;
    weir::Bool hello, holds, breaks;
    weir::Text trace;
  };
  static constexpr weir_key keys[] = {
      WEIR_KEY(Conf, most, "1000000", "Most bytes that a recv gives and a send takes.", 0),
      WEIR_KEY(Conf, ends, "0", "So many times does end say again.", 0),
      WEIR_KEY(Conf, hello, "false", "The handshake is one byte of the client's.", 0),
      WEIR_KEY(Conf, holds, "false", "What was sent is passed on by the next call.", 0),
      WEIR_KEY(Conf, breaks, "false", "A tilde breaks the connection.", 0),
      WEIR_KEY(Conf, trace, nullptr, "A file that names the calls.", 0),
  };

  bool open() { return (held_ = new std::string) != nullptr; }

  weir::Io handshake(weir::Link link, const Conf& conf) {
    if (!conf.hello) return weir::Io::ok;
    char one = 0;
    return link.recv({&one, 1}).io;
  }

  weir::Moved recv(weir::Link link, weir::Room room, const Conf& conf) {
    const auto moved = link.recv(room.first(std::min(room.size(), static_cast<size_t>(conf.most))));
    for (char& byte : room.first(moved.n)) byte = static_cast<char>(byte ^ 0x2a);
    const std::string_view seen{room.data(), moved.n};
    if (conf.breaks && seen.find('~') != seen.npos) {
      say(conf.trace, "broken");
      return {weir::Io::broken, 0};
    }
    return moved;
  }

  weir::Moved send(weir::Link link, weir::Pieces pieces, const Conf& conf) {
    if (pieces.list.empty() || !held_->empty()) return {pass_on(link), 0};
    for (const weir_str& piece : pieces.list) {
      const size_t left = static_cast<size_t>(conf.most) - held_->size();
      for (const char byte : weir::view(piece).substr(0, left)) {
        *held_ += static_cast<char>(byte ^ 0x2a);
      }
    }
    say(conf.trace, pieces.more ? "more" : "last");
    const size_t taken = held_->size();
    if (!conf.holds && pass_on(link) == weir::Io::broken) return {weir::Io::broken, 0};
    return {weir::Io::ok, taken};
  }

  size_t pending() const { return held_->size(); }

  weir::Io end(const Conf& conf) {
    const bool again = ends_++ < conf.ends;
    say(conf.trace, again ? "end again" : "end");
    return again ? weir::Io::again : weir::Io::ok;
  }

  void close(const Conf& conf) {
    say(conf.trace, "close");
    delete held_;
  }

  std::string_view info(weir::Id id) const {
    return id.value == WEIR_A_PROTOCOL ? "masked" : std::string_view{};
  }

  bool serves(weir::ServedHost host) const { return host.name != "elsewhere"; }

 private:
  weir::Io pass_on(weir::Link link) {
    while (!held_->empty()) {
      const auto moved = link.send(*held_);
      if (moved.io != weir::Io::ok) return moved.io;
      held_->erase(0, moved.n);
    }
    return weir::Io::ok;
  }

  std::string* held_;
  int64_t ends_;
};

}  // namespace

WEIR_MODULE("mask", "1.0", "Apache-2.0", Mask)
