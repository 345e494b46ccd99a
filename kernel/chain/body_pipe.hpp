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
#include "chain/module_call.hpp"

#include <cstdint>

namespace weir {

class BodyPipe {
 public:
  using Callback = uint32_t (*)(const weir_call*, weir_body* in, weir_body* out);

  // `limit`: what the sink may hold before its source has to wait.
  // `phase` is what its callbacks are called in a mark.
  BodyPipe(BodyPool& pool, uint64_t limit, const char* phase)
      : pool_(pool), phase_(phase), sink_(pool, limit) {}
  ~BodyPipe() { clear(); }
  BodyPipe(const BodyPipe&) = delete;
  BodyPipe& operator=(const BodyPipe&) = delete;

  // A stage behind all others in one of the WEIR_*_BODY modes. A filter that asks again while its
  // stage is the last changes that one. False: the arena is exhausted.
  bool add(Arena& arena, ModuleCall& call, Callback callback, uint32_t mode, uint64_t limit);
  bool touches_body() const { return first_ != nullptr; }
  // Of the last stage; nullptr: there is none.
  const weir_call* last() const { return last_ == nullptr ? nullptr : last_->call; }

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
    bool untouched;  // no callback of the stage has taken or put a byte
  };
  // Runs the stages. Comes back after each verdict other than NEXT and when the hold ends.
  Outcome pump();
  // There is more room behind a stage than it found too little: pump again.
  bool unblocked();

  // A stage holds the head until enough of the body is there.
  bool holding() const { return last_ != nullptr && last_->holds; }
  // Ends the wait of the stage that `ref` names and says how that stage stands; call == nullptr:
  // it does not wait.
  struct Resumed {
    const weir_call* call;
    bool held;
    bool untouched;
  };
  Resumed resume(weir_ref ref);
  // From now on everything passes the stage of this call as it is, and it holds no head.
  void pass(const weir_call& call);
  // The first that said WAIT, and the ref that ends it; call == nullptr: none.
  struct Waiting {
    const weir_call* call;
    weir_ref ref;
  };
  Waiting waiting() const;

  // The stage of this call may change how many bytes there are.
  void length_changes() { length_changes_ = true; }
  bool changes_length() const { return length_changes_; }

  uint64_t in_memory() const;
  void settle();
  // Drops everything, stages too.
  void clear();

 private:
  struct Stage {
    Stage(BodyPool& pool, ModuleCall& its_call, Callback function)
        : in(pool), call(&its_call), callback(function) {}
    Stage* next = nullptr;
    Body in;
    ModuleCall* call;
    Callback callback;
    uint64_t limit = 0;
    weir_ref wait = 0;      // what ends its wait
    size_t too_little = 0;  // room behind it, when `blocked`
    uint32_t mode = WEIR_STREAM_BODY;
    bool holds = false;
    bool waits = false;
    bool blocked = false;  // it could have gone on, but there was too little room behind it
    bool untouched = true;
  };
  Body& behind(const Stage& stage) { return stage.next == nullptr ? sink_ : stage.next->in; }
  void append(Stage& stage);
  Outcome run(Stage& stage, Body& out);
  Outcome run_once(Stage& stage, Body& out);
  static void let_pass(Stage& stage, Body& out);
  static bool ready(const Stage& stage);
  static uint32_t flags_of(const Stage& stage);

  BodyPool& pool_;
  const char* phase_;
  Body sink_;
  Stage* first_ = nullptr;
  Stage* last_ = nullptr;
  bool length_changes_ = false;
};

}  // namespace weir
