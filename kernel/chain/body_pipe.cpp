// SPDX-License-Identifier: Apache-2.0
#include "chain/body_pipe.hpp"

#include "chain/handles.hpp"

#include <algorithm>
#include <new>

namespace weir {

bool BodyPipe::add(Arena& arena, weir_call& call, Callback callback, uint32_t mode,
                   uint64_t limit) {
  void* const memory = arena.allocate(sizeof(Stage), alignof(Stage));
  if (memory == nullptr || callback == nullptr) return false;
  auto* const stage = new (memory) Stage(pool_, call, callback);
  stage->mode = mode;
  stage->limit = limit;
  stage->holds = mode != WEIR_STREAM_BODY;
  if (stage->holds) stage->in.set_limit(std::max(limit + 1, Body::default_limit));
  // What reached the sink before this stage was there has to pass it.
  stage->in.move(sink_, sink_.length());
  if (sink_.finished()) {
    stage->in.finish();
    sink_.clear();
  }
  (last_ == nullptr ? first_ : last_->next) = stage;
  last_ = stage;
  return true;
}

bool BodyPipe::ready(const Stage& stage) {
  if (stage.mode == WEIR_STREAM_BODY) return !stage.in.empty() || stage.in.finished();
  if (stage.in.finished()) return true;
  return stage.mode == WEIR_PEEK_BODY ? stage.in.length() >= stage.limit
                                      : stage.in.length() > stage.limit;
}

uint32_t BodyPipe::flags_of(const Stage& stage) {
  if (stage.mode == WEIR_WHOLE_BODY && stage.in.length() > stage.limit) return WEIR_OVER_LIMIT;
  return stage.in.finished() ? uint32_t{WEIR_LAST} : 0U;
}

BodyPipe::Outcome BodyPipe::pump() {
  for (Stage* stage = first_; stage != nullptr; stage = stage->next) {
    const Outcome outcome = run(*stage, stage->next == nullptr ? sink_ : stage->next->in);
    if (outcome.kind != Outcome::Kind::moved) return outcome;
  }
  return {Outcome::Kind::moved, nullptr, WEIR_NEXT, false};
}

BodyPipe::Outcome BodyPipe::run(Stage& stage, Body& out) {
  constexpr Outcome moved{Outcome::Kind::moved, nullptr, WEIR_NEXT, false};
  while (!stage.waits && !out.finished()) {
    if (stage.mode == WEIR_SKIP_BODY) {
      out.move(stage.in, stage.in.length());
      if (stage.in.finished()) out.finish();
      return moved;
    }
    if (!ready(stage) || out.room() == 0) return moved;
    const uint64_t before = stage.in.length();
    const uint64_t behind = out.length();
    const bool last = stage.in.finished();
    const Outcome outcome = run_once(stage, out);
    if (outcome.kind != Outcome::Kind::moved) return outcome;
    const bool progress = stage.in.length() != before || out.length() != behind || out.finished();
    if (progress) continue;
    // With the last bytes in hand and room behind it, a filter has nothing to wait for.
    if (last) return {Outcome::Kind::stopped, stage.call, WEIR_FAIL, false};
    return moved;
  }
  return moved;
}

// What the callback left goes on untouched, and so does all that follows.
void BodyPipe::let_pass(Stage& stage, Body& out) {
  stage.holds = false;
  stage.mode = WEIR_SKIP_BODY;
  stage.in.set_limit(Body::default_limit);
  out.move(stage.in, stage.in.length());
  if (stage.in.finished()) out.finish();
}

BodyPipe::Outcome BodyPipe::run_once(Stage& stage, Body& out) {
  const bool held = stage.holds;
  stage.call->flags = flags_of(stage);
  const uint32_t verdict = stage.callback(stage.call, &stage.in, &out);
  stage.call->flags = 0;
  if (held && verdict == WEIR_NEXT) {
    let_pass(stage, out);
    return {Outcome::Kind::fired, stage.call, WEIR_NEXT, true};
  }
  if (verdict == WEIR_NEXT) return {Outcome::Kind::moved, nullptr, WEIR_NEXT, false};
  stage.waits = verdict == WEIR_WAIT;
  return {Outcome::Kind::stopped, stage.call, verdict, held};
}

BodyPipe::Resumed BodyPipe::resume(weir_ref ref) {
  for (Stage* stage = first_; stage != nullptr; stage = stage->next) {
    if (!stage->waits || Handles::place_of(stage->call->ref) != Handles::place_of(ref)) continue;
    stage->waits = false;
    const bool held = stage->holds;
    if (held) let_pass(*stage, stage->next == nullptr ? sink_ : stage->next->in);
    return {true, stage->call, held};
  }
  return {false, nullptr, false};
}

const weir_call* BodyPipe::waiting() const {
  for (const Stage* stage = first_; stage != nullptr; stage = stage->next) {
    if (stage->waits) return stage->call;
  }
  return nullptr;
}

void BodyPipe::settle() {
  for (Stage* stage = first_; stage != nullptr; stage = stage->next) stage->in.settle();
  sink_.settle();
}

void BodyPipe::clear() {
  for (Stage* stage = first_; stage != nullptr;) {
    Stage* const next = stage->next;
    stage->~Stage();
    stage = next;
  }
  first_ = nullptr;
  last_ = nullptr;
  length_changes_ = false;
  sink_.clear();
}

}  // namespace weir
