// SPDX-License-Identifier: Apache-2.0
#include "chain/handles.hpp"

#include <weir/module.h>

#include "base/log.hpp"

#include <cstdint>
#include <utility>

namespace weir {

weir_ref Handles::add(HandleKind kind, void* object) {
  if (free_ == no_slot) {
    if (slots_.size() == most) return refuse();
    slots_.push_back({nullptr, 1, no_slot, HandleKind::none});
    free_ = static_cast<uint32_t>(slots_.size() - 1);
  }
  const uint32_t index = free_;
  Slot& slot = slots_[index];
  free_ = slot.next_free;
  slot.object = object;
  slot.kind = kind;
  return (uint64_t{loop_} << loop_shift) | (uint64_t{index} << slot_shift) | slot.generation;
}

// Some module forgets to end what it begins: it is told by the 0, people once.
weir_ref Handles::refuse() {
  if (!std::exchange(told_, true)) {
    WEIR_LOG(WEIR_ERR, "loop ", loop_, ": ", most,
             " timers and exchanges at a time are the most, further timers are refused");
  }
  return 0;
}

const Handles::Slot* Handles::slot_of(weir_ref ref) const {
  const uint64_t index = (ref >> slot_shift) & slot_mask;
  if (loop_of(ref) != loop_ || index >= slots_.size()) return nullptr;
  const Slot& slot = slots_[index];
  return slot.object != nullptr && slot.generation == (ref & generation_mask) ? &slot : nullptr;
}

void Handles::remove(weir_ref ref) {
  const Slot* const found = slot_of(ref);
  if (found == nullptr) return;
  const auto index = static_cast<uint32_t>(found - slots_.data());
  Slot& slot = slots_[index];
  slot.object = nullptr;
  slot.kind = HandleKind::none;
  slot.generation = static_cast<uint32_t>((slot.generation + 1) & generation_mask);
  if (slot.generation == 0) slot.generation = 1;
  slot.next_free = free_;
  free_ = index;
}

void* Handles::find(weir_ref ref, HandleKind kind) const {
  const Slot* const slot = slot_of(ref);
  return slot != nullptr && slot->kind == kind ? slot->object : nullptr;
}

HandleKind Handles::kind_of(weir_ref ref) const {
  const Slot* const slot = slot_of(ref);
  return slot == nullptr ? HandleKind::none : slot->kind;
}

}  // namespace weir
