// SPDX-License-Identifier: Apache-2.0
#include "chain/body_pipe.hpp"

#include <weir/module.h>

#include "base/arena.hpp"
#include "chain/module_call.hpp"

#include <algorithm>
#include <cstdint>

namespace weir {
namespace {

constexpr BodyPipe::Outcome moved{BodyPipe::Outcome::Kind::moved, nullptr, WEIR_NEXT, false, true};

}  // namespace

bool BodyPipe::add(Arena& arena, ModuleCall& call, Callback callback, uint32_t mode,
                   uint64_t limit) {
  if (last() != &call) {
    if (mode == WEIR_SKIP_BODY) return true;
    void* const memory = arena.allocate(sizeof(Stage), alignof(Stage));
    if (memory == nullptr) return false;
    append(*new (memory) Stage(pool_, call, callback));
  }
  last_->mode = mode;
  last_->limit = limit;
  last_->holds = mode == WEIR_PEEK_BODY || mode == WEIR_WHOLE_BODY;
  last_->in.set_limit(last_->holds ? std::max(limit + 1, Body::default_limit)
                                   : Body::default_limit);
  return true;
}

void BodyPipe::append(Stage& stage) {
  // What reached the sink before this stage was there has to pass it.
  stage.in.move(sink_, sink_.length());
  if (sink_.finished()) {
    stage.in.finish();
    sink_.clear();
  }
  (last_ == nullptr ? first_ : last_->next) = &stage;
  last_ = &stage;
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
  do {
    for (Stage* stage = first_; stage != nullptr; stage = stage->next) {
      const Outcome outcome = run(*stage, behind(*stage));
      if (outcome.kind != Outcome::Kind::moved) return outcome;
    }
  } while (unblocked());
  return moved;
}

// A later stage, or who takes from the sink, has made room for one that had been stopped by the
// lack of it. Nobody else would tell that one, since what was taken need not lead to an event.
bool BodyPipe::unblocked() {
  for (Stage* stage = first_; stage != nullptr; stage = stage->next) {
    if (stage->blocked && behind(*stage).room() > stage->too_little) return true;
  }
  return false;
}

BodyPipe::Outcome BodyPipe::run(Stage& stage, Body& out) {
  stage.blocked = false;
  while (!stage.waits && !out.finished()) {
    if (stage.mode == WEIR_SKIP_BODY) {
      out.move(stage.in, stage.in.length());
      if (stage.in.finished()) out.finish();
      return moved;
    }
    if (!ready(stage)) return moved;
    stage.too_little = out.room();
    stage.blocked = stage.too_little == 0;
    if (stage.blocked) return moved;
    const uint64_t before = stage.in.length();
    const uint64_t behind = out.length();
    const bool last = stage.in.finished();
    const Outcome outcome = run_once(stage, out);
    if (outcome.kind != Outcome::Kind::moved) return outcome;
    const bool progress = stage.in.length() != before || out.length() != behind || out.finished();
    if (progress) continue;
    // It may want more room. With all of it, and the last bytes or a full queue in hand, it has
    // nothing to wait for: nothing would ever come again.
    stage.blocked = !out.empty();
    if (stage.blocked || (!last && stage.in.room() > 0)) return moved;
    return {Outcome::Kind::stopped, stage.call, WEIR_FAIL, false, stage.untouched};
  }
  return moved;
}

// What the callback left goes on untouched, and so does all that follows. Behind an end that the
// callback has set nothing follows.
void BodyPipe::let_pass(Stage& stage, Body& out) {
  stage.holds = false;
  stage.mode = WEIR_SKIP_BODY;
  stage.in.set_limit(Body::default_limit);
  if (out.finished()) return stage.in.drop(stage.in.length());
  out.move(stage.in, stage.in.length());
  if (stage.in.finished()) out.finish();
}

void BodyPipe::pass(const weir_call& call) {
  for (Stage* stage = first_; stage != nullptr; stage = stage->next) {
    if (stage->call == &call) let_pass(*stage, behind(*stage));
  }
}

BodyPipe::Outcome BodyPipe::run_once(Stage& stage, Body& out) {
  const bool held = stage.holds;
  const uint64_t before = stage.in.length();
  const uint64_t behind = out.length();
  stage.call->flags = flags_of(stage);
  const uint32_t verdict = stage.call->run(phase_, stage.callback, &stage.in, &out);
  stage.call->flags = 0;
  const bool same = stage.in.length() == before && out.length() == behind && !out.finished();
  stage.untouched = stage.untouched && same;
  // Who has the head in hand need not say so.
  if (held && stage.in.length() + out.length() != before + behind) length_changes_ = true;
  if (held && verdict == WEIR_NEXT) {
    let_pass(stage, out);
    return {Outcome::Kind::fired, stage.call, WEIR_NEXT, true, stage.untouched};
  }
  if (verdict == WEIR_NEXT) return moved;
  stage.waits = verdict == WEIR_WAIT;
  if (stage.waits) stage.wait = stage.call->said_wait();
  return {Outcome::Kind::stopped, stage.call, verdict, held, stage.untouched};
}

BodyPipe::Resumed BodyPipe::resume(weir_ref ref) {
  for (Stage* stage = first_; stage != nullptr; stage = stage->next) {
    if (!stage->waits || stage->wait != ref) continue;
    stage->waits = false;
    return {stage->call, stage->holds, stage->untouched};
  }
  return {nullptr, false, false};
}

BodyPipe::Waiting BodyPipe::waiting() const {
  for (const Stage* stage = first_; stage != nullptr; stage = stage->next) {
    if (stage->waits) return {stage->call, stage->wait};
  }
  return {nullptr, 0};
}

uint64_t BodyPipe::in_memory() const {
  uint64_t bytes = sink_.in_memory();
  for (const Stage* stage = first_; stage != nullptr; stage = stage->next) {
    bytes += stage->in.in_memory();
  }
  return bytes;
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
