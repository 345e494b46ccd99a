// SPDX-License-Identifier: Apache-2.0
#include "http/names.hpp"

#include <weir/module.h>

#include "base/contract.hpp"
#include "http/grammar.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {
namespace {

#define WEIR_TEXT_OF(id, text) text,
constexpr std::string_view field_texts[] = {"", WEIR_FIELD_NAMES(WEIR_TEXT_OF)};
constexpr std::string_view attribute_texts[] = {WEIR_ATTRIBUTE_NAMES(WEIR_TEXT_OF)};
#undef WEIR_TEXT_OF
static_assert(std::size(field_texts) == WEIR_H_COUNT);
static_assert(std::size(field_texts) <= size_t{WEIR_A_FIRST});
static_assert(WEIR_A_FIRST + std::size(attribute_texts) == WEIR_A_END);
static_assert(size_t{WEIR_A_END} <= size_t{WEIR_INTERNED});

// Eight letters to lower case at once; other bytes stay.
constexpr uint64_t lower8(uint64_t word) {
  constexpr uint64_t each = 0x0101010101010101;
  const uint64_t low = word & (each * 0x7F);
  const uint64_t from_a = low + each * (0x80 - 'A');
  const uint64_t above_z = low + each * (0x7F - 'Z');
  return word | (((from_a ^ above_z) & ~word & (each * 0x80)) >> 2);
}

template <class Word>
uint64_t load(const char* at) {
  Word word{};
  std::memcpy(&word, at, sizeof word);
  return word;
}

uint64_t load_short(const char* at, size_t size) {
  if (size >= 4) return load<uint32_t>(at) | load<uint32_t>(at + size - 4) << 32;
  if (size == 0) return 0;
  return load<uint8_t>(at) | load<uint8_t>(at + size / 2) << 8 | load<uint8_t>(at + size - 1) << 16;
}

// What lies between the first and the last eight bytes.
bool middles_equal(const char* a, const char* b, size_t size) {
  for (size_t i = 8; i + 8 < size; i += 8) {
    if (lower8(load<uint64_t>(a + i)) != load<uint64_t>(b + i)) return false;
  }
  return true;
}

}  // namespace

struct Names::Key {
  explicit Key(std::string_view name) noexcept : size(name.size()) {
    const bool is_short = size < 8;
    first = lower8(is_short ? load_short(name.data(), size) : load<uint64_t>(name.data()));
    last = is_short ? 0 : lower8(load<uint64_t>(name.data() + size - 8));
  }
  size_t place() const noexcept {
    return ((first ^ std::rotl(last, 29) ^ size) * 0x9E3779B97F4A7C15) >> 32;
  }

  uint64_t first;
  uint64_t last;
  size_t size;
};

struct Names::Slot {
  bool holds(const Key& key, const char* name) const noexcept {
    return first == key.first && last == key.last && size == key.size &&
           (size <= 16 || middles_equal(name, text, size));
  }

  uint64_t first = 0;
  uint64_t last = 0;
  size_t size = 0;
  const char* text = nullptr;
  std::atomic<uint32_t> id{0};  // set last; 0: free
};

struct Names::Table {
  explicit Table(size_t count) : slots(count), texts(count) {}
  size_t mask() const noexcept { return slots.size() - 1; }

  bool put(std::string_view lower_case, uint32_t id);

  std::vector<Slot> slots;              // a power of two
  std::vector<std::string_view> texts;  // of interned names, by id - WEIR_INTERNED
  size_t used = 0;
};

// False when the table is half full or the name would lie too far from its place.
bool Names::Table::put(std::string_view lower_case, uint32_t id) {
  const size_t index = id - WEIR_INTERNED;
  if (2 * used >= slots.size() || (id >= WEIR_INTERNED && index >= texts.size())) return false;
  const Key key{lower_case};
  for (size_t i = 0; i < longest_probe; ++i) {
    Slot& slot = slots[(key.place() + i) & mask()];
    if (slot.id.load(std::memory_order_relaxed) != 0) continue;
    slot.first = key.first;
    slot.last = key.last;
    slot.size = key.size;
    slot.text = lower_case.data();
    if (id >= WEIR_INTERNED) texts[index] = lower_case;
    slot.id.store(id, std::memory_order_release);
    ++used;
    return true;
  }
  return false;
}

Names::Names() {
  tables_.push_back(std::make_unique<Table>(256));
  table_ = tables_.back().get();
  for (uint32_t id = 1; id < WEIR_H_COUNT; ++id) add(field_texts[id], id);
  for (uint32_t i = 0; i < std::size(attribute_texts); ++i) {
    add(attribute_texts[i], WEIR_A_FIRST + i);
  }
}

Names::~Names() = default;

uint32_t Names::add(std::string_view name, uint32_t id) {
  while (!tables_.back()->put(name, id)) grow();
  return id;
}

void Names::grow() {
  const Table& old = *tables_.back();
  size_t count = old.slots.size() * 2;
  auto table = std::make_unique<Table>(count);
  for (size_t i = 0; i < old.slots.size(); ++i) {
    const Slot& slot = old.slots[i];
    const uint32_t id = slot.id.load(std::memory_order_relaxed);
    if (id == 0 || table->put({slot.text, slot.size}, id)) continue;
    count *= 2;
    table = std::make_unique<Table>(count);
    i = static_cast<size_t>(-1);  // once more from the start, with more room
  }
  tables_.push_back(std::move(table));
  table_.store(tables_.back().get(), std::memory_order_release);
}

uint32_t Names::find(std::string_view name) const noexcept {
  const Table& table = *table_.load(std::memory_order_acquire);
  const Key key{name};
  for (size_t i = 0; i < longest_probe; ++i) {
    const Slot& slot = table.slots[(key.place() + i) & table.mask()];
    const uint32_t id = slot.id.load(std::memory_order_acquire);
    if (id == 0) return 0;
    if (slot.holds(key, name.data())) return id;
  }
  return 0;
}

uint32_t Names::intern(std::string_view name) {
  expects(!name.empty(), "an interned name is not empty");
  const uint32_t known = find(name);
  if (known != 0) return known;
  std::string text{name};
  std::transform(text.begin(), text.end(), text.begin(), lower);
  interned_.push_back(std::move(text));
  return add(interned_.back(), static_cast<uint32_t>(WEIR_INTERNED + interned_.size() - 1));
}

std::string_view Names::text(uint32_t id) const noexcept {
  if (id < WEIR_H_COUNT) return field_texts[id];
  if (id >= WEIR_A_FIRST && id < WEIR_A_END) return attribute_texts[id - WEIR_A_FIRST];
  const auto& texts = table_.load(std::memory_order_acquire)->texts;
  const size_t index = id - WEIR_INTERNED;
  return id >= WEIR_INTERNED && index < texts.size() ? texts[index] : std::string_view{};
}

}  // namespace weir
