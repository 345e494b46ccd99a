// SPDX-License-Identifier: Apache-2.0
//
// The one id space of weir/module.h: well-known field names, attributes, and what configs name.
//
// A field name becomes an id once, where it is read; from there on everybody compares numbers. The
// table is open addressing over the first and last eight bytes of the folded name, which decide
// alone for names up to sixteen bytes. Peers cannot flood it: only configs put names in, and a name
// that would lie further than `longest_probe` from its place makes the table grow instead.
//
// Promise: a lookup takes no lock and no allocation. Tables that grew out of use stay until the
// end, so a lookup that runs meanwhile is safe.
//
// Thread: `find`, `text` any; `intern` the control thread.
#pragma once

#include <weir/module.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

inline std::string_view as_view(weir_str text) { return {text.p, text.n}; }
inline weir_str as_str(std::string_view text) { return {text.data(), text.size()}; }

class Names {
 public:
  Names();
  ~Names();
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;

  // The id of a field or attribute, without regard to case; 0 when nobody named it. A field that is
  // called like an attribute has that one's id: which is meant is clear from where it is asked for.
  uint32_t find(std::string_view name) const noexcept;

  // The id of a name, a new one from WEIR_INTERNED on when it has none.
  uint32_t intern(std::string_view name);

  // In lower case; lasts as long as this object; empty for an id that was never given.
  std::string_view text(uint32_t id) const noexcept;

 private:
  static constexpr size_t longest_probe = 8;
  struct Key;
  struct Slot;
  struct Table;

  uint32_t add(std::string_view name, uint32_t id);
  void grow();

  std::atomic<const Table*> table_;
  std::vector<std::unique_ptr<Table>> tables_;  // the last one is current
  std::deque<std::string> interned_;            // owns the texts; a deque never moves them
};

}  // namespace weir
