// SPDX-License-Identifier: Apache-2.0
//
// A worker process under a supervisor: the worker's end of the channel between them.
//
// SIGTERM to the worker itself drains it, a second one cuts, and the supervisor starts another.
// What a terminal sends to all its processes, and what is meant for the supervisor, is passed over.
// When the supervisor is gone, the worker drains and ends.
//
// Thread: control, but for beat.
#pragma once

#include "event/loop.hpp"
#include "event/signals.hpp"
#include "supervise/channel.hpp"
#include "supervise/superior.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir {

class Supervised final : public Superior, private Watcher {
 public:
  explicit Supervised(Channel channel) : channel_(std::move(channel)) {}

  void serve_under(Loop& loop, Orders& orders) override;
  void leave() override;
  Result<Listener> listen(const Address& address) override;
  void release(const Address& address) override;
  bool is_all_there_is() const override { return false; }
  bool is_last_holder(const Address& address) override;
  void ready() override;
  void status(const std::string& text) override;
  void beat() override { channel_.beat(); }
  void done(uint64_t order, const Outcome& outcome) override;
  void reload_all(Told told) override;
  void ask_all(const std::string& question, Told told) override;
  void drain_all() override;
  void upgrade(Told told) override;

 private:
  struct Asked {
    Told told;
    std::vector<Outcome> outcomes;
  };

  void ready(uint32_t events) noexcept override;
  void caught(int signal);
  std::optional<Message> next_reply();
  std::optional<Message> call(Message message);
  void ask(Message::Kind kind, const std::string& text, Told told);
  void receive();
  void take(const Message& message);
  void told(uint64_t number);
  void superior_is_gone();
  void drain(bool for_good);

  Channel channel_;
  Loop* loop_ = nullptr;
  Orders* orders_ = nullptr;
  std::unique_ptr<Signals> signals_;
  std::deque<Message> early_;  // orders that came while a reply was awaited
  std::map<uint64_t, Asked> asked_;
  uint64_t last_asked_ = 0;
  bool draining_ = false;
};

}  // namespace weir
