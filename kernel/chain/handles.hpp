// SPDX-License-Identifier: Apache-2.0
//
// The refs that modules keep (weir_ref): names of exchanges, of an instance on a loop and of
// timers, that are harmless when what they named has ended.
//
// A ref is loop, slot, generation and two small numbers of the caller's: the filter's place in its
// chain, and which of its waits is meant. A slot is used again with the next generation, so an old
// ref finds nothing.
//
// Thread: one loop; `loop_of` any.
#pragma once

#include <weir/module.h>

#include <cstdint>
#include <vector>

namespace weir {

// What a ref can name. A plain tag, so that a lookup costs no virtual call.
enum class HandleKind : uint8_t { none, exchange, instance, timer, link };

class Handles {
 public:
  explicit Handles(uint32_t loop) : loop_(loop) {}

  static constexpr uint32_t most = 1U << 20;

  // The new name of `object`; 0, which names nothing, while `most` are in use.
  weir_ref add(HandleKind kind, void* object);
  void remove(weir_ref ref);

  // The object, or nullptr when it ended or is of another kind.
  void* find(weir_ref ref, HandleKind kind) const;
  HandleKind kind_of(weir_ref ref) const;

  static weir_ref with_place(weir_ref ref, uint32_t place) {
    return (ref & ~place_mask) | ((uint64_t{place} << place_shift) & place_mask);
  }
  static uint32_t place_of(weir_ref ref) {
    return static_cast<uint32_t>((ref & place_mask) >> place_shift);
  }
  // What tells the waits of one place from each other; it repeats after 16.
  static weir_ref next_wait(weir_ref ref) {
    return (ref & ~wait_mask) | ((ref + (1ULL << wait_shift)) & wait_mask);
  }
  // Whether both name the same, of which wait is no matter.
  static bool same(weir_ref a, weir_ref b) { return ((a ^ b) & ~wait_mask) == 0; }
  static uint32_t loop_of(weir_ref ref) { return static_cast<uint32_t>(ref >> loop_shift); }

 private:
  // From the top: loop 8, place 8, slot 20, wait 4, generation 24 (never 0).
  static constexpr unsigned loop_shift = 56;
  static constexpr unsigned place_shift = 48;
  static constexpr unsigned slot_shift = 28;
  static constexpr unsigned wait_shift = 24;
  static constexpr uint64_t place_mask = 0xffULL << place_shift;
  static constexpr uint64_t slot_mask = most - 1;
  static constexpr uint64_t wait_mask = 0xfULL << wait_shift;
  static constexpr uint64_t generation_mask = 0xffffffULL;
  static constexpr uint32_t no_slot = ~0U;

  struct Slot {
    void* object;
    uint32_t generation;
    uint32_t next_free;
    HandleKind kind;
  };
  const Slot* slot_of(weir_ref ref) const;
  weir_ref refuse();

  std::vector<Slot> slots_;
  uint32_t free_ = no_slot;
  uint32_t loop_;
  bool told_ = false;  // that no more can be given
};

}  // namespace weir
