// SPDX-License-Identifier: Apache-2.0
//
// One direction of an exchange's body: a row of stages, one for each filter that asked for the
// body, each with the queue of what it has not yet consumed.
//
// Without stages the entry is the sink, and bytes pass without being touched. A stage is called
// only while the queue behind it has room, so pressure travels backwards by itself. A stage that
// peeks or wants the whole body holds the head: the chain stops at its filter until `fired`.
//
// Thread: one loop.
#pragma once

#include <weir/module.h>

#include "base/arena.hpp"
#include "base/body.hpp"

#include <cstdint>

namespace weir {

class BodyPipe {
 public:
  using Callback = uint32_t (*)(const weir_call*, weir_body* in, weir_body* out);

  // `limit`: what the sink may hold before its source has to wait.
  BodyPipe(BodyPool& pool, uint64_t limit) : pool_(pool), sink_(pool, limit) {}
  ~BodyPipe() { clear(); }
  BodyPipe(const BodyPipe&) = delete;
  BodyPipe& operator=(const BodyPipe&) = delete;

  // A stage behind all others. `mode` is WEIR_STREAM_BODY, WEIR_PEEK_BODY or WEIR_WHOLE_BODY.
  // False: the arena is exhausted, or the filter has no body callback.
  bool add(Arena& arena, weir_call& call, Callback callback, uint32_t mode, uint64_t limit);
  bool touches_body() const { return first_ != nullptr; }

  Body& entry() { return first_ == nullptr ? sink_ : first_->in; }
  const Body& entry() const { return first_ == nullptr ? sink_ : first_->in; }
  Body& sink() { return sink_; }
  const Body& sink() const { return sink_; }

  struct Outcome {
    enum class Kind : uint8_t {
      moved,    // as far as it goes now
      fired,    // the holding stage has run: the chain may go on behind `call`
      stopped,  // `call` returned `verdict`, which is not WEIR_NEXT
    } kind;
    const weir_call* call;
    uint32_t verdict;
    bool held_head;  // the stage held the head when it was called
  };
  // Runs the stages. Comes back after each verdict other than NEXT and when the hold ends.
  Outcome pump();

  // A stage holds the head until enough of the body is there.
  bool holding() const { return last_ != nullptr && last_->holds; }
  // Ends the wait of the stage that `ref` names. A stage that held the head has fired by that.
  struct Resumed {
    bool found;
    const weir_call* call;
    bool held;
  };
  Resumed resume(weir_ref ref);
  // The first that said WAIT; nullptr: none.
  const weir_call* waiting() const;

  // The stage of this call may change how many bytes there are.
  void length_changes() { length_changes_ = true; }
  bool changes_length() const { return length_changes_; }

  void settle();
  // Drops everything, stages too.
  void clear();

 private:
  struct Stage {
    Stage(BodyPool& pool, weir_call& its_call, Callback function)
        : in(pool), call(&its_call), callback(function) {}
    Stage* next = nullptr;
    Body in;
    weir_call* call;
    Callback callback;
    uint64_t limit = 0;
    uint32_t mode = WEIR_STREAM_BODY;
    bool holds = false;
    bool waits = false;
  };
  Outcome run(Stage& stage, Body& out);
  Outcome run_once(Stage& stage, Body& out);
  static void let_pass(Stage& stage, Body& out);
  static bool ready(const Stage& stage);
  static uint32_t flags_of(const Stage& stage);

  BodyPool& pool_;
  Body sink_;
  Stage* first_ = nullptr;
  Stage* last_ = nullptr;
  bool length_changes_ = false;
};

}  // namespace weir
