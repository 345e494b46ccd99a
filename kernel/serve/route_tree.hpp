// SPDX-License-Identifier: Apache-2.0
//
// Hosts and paths of all routes, as trees of path segments under the hosts.
//
// A spot is one end of a pattern: exact, or "/*". A step from a segment to the next is one look-up
// in a hash table that all nodes share, so its price does not grow with their number. Where several
// patterns fit a path, the search visits their spots from the most specific on, and takes no more
// steps than the patterns have segments, whatever the path.
//
// Thread: any once finished.
#pragma once

#include "conf/model.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// (parent, text) to child, never removed.
class StepTable {
 public:
  uint32_t find(uint32_t parent, std::string_view text) const;  // 0: none
  // Expects: not there yet, child is not 0.
  void add(uint32_t parent, std::string_view text, uint32_t child);

 private:
  struct Slot {
    uint64_t hash = 0;
    uint32_t parent = 0;
    uint32_t child = 0;  // 0: free
    uint32_t text = 0;   // in texts_
    uint32_t size = 0;
  };
  static uint64_t hash_of(uint32_t parent, std::string_view text);
  void put(const Slot& slot);

  std::vector<Slot> slots_;
  std::string texts_;
  size_t used_ = 0;
};

class RouteTree {
 public:
  static constexpr size_t most_parameters = 16;
  using Values = std::array<std::string_view, most_parameters>;
  using Spot = uint32_t;

  struct Entry {
    uint32_t route = 0;
    uint32_t names = 0;  // of its parameters
    bool asks = false;   // it has conditions to look at
  };

  // What applies to one listener (its index + 1) or to every one.
  static constexpr uint32_t every_listener = 0;

  struct Pattern {
    uint32_t scope = every_listener;
    const conf::HostPattern* host = nullptr;  // any
    const conf::PathPattern* path = nullptr;  // any
  };

  struct Where {
    Spot spot = 0;
    uint32_t root = 0;  // stands for scope and host
  };

  class Visitor {
   public:
    virtual void enter([[maybe_unused]] uint32_t root) {}
    // The routes of one spot, in their order; true ends the search.
    virtual bool at(std::span<const Entry> entries, std::string_view rest) = 0;

   protected:
    ~Visitor() = default;
  };

  RouteTree() : nodes_(1), names_(1), building_(2) {}

  // A route that is at the spot already is not added again. Expects: routes come one after the
  // other; the path has no more than most_parameters.
  Where add(const Pattern& pattern, uint32_t route, bool asks);

  // Brings the entries of each spot into a strict order; nothing is added afterwards.
  void finish(const std::function<bool(const Entry&, const Entry&)>& before);

  // Visits the spots that fit a request, the most specific first. True when the visitor ended it.
  bool search(uint32_t listener, std::string_view host, std::string_view path, Values& values,
              Visitor& visitor) const;

  // Visits the spots of one listener that hold everything that `pattern` holds.
  bool search_covering(uint32_t scope, const Pattern& pattern, Visitor& visitor) const;

  std::span<const std::string> names(const Entry& entry) const { return names_[entry.names]; }

 private:
  struct Range {
    uint32_t begin = 0;
    uint32_t size = 0;
  };
  struct Node {
    uint32_t parameter = 0;  // child
    bool literals = false;   // it has children in steps_
    Range exact, prefix;
  };
  struct Scope {
    bool used = false;
    size_t most_labels = 0;  // of its wildcards
  };
  struct Search;

  uint32_t root_of(const Pattern& pattern);
  uint32_t child_of(uint32_t node, const conf::PathPattern::Segment& segment);
  uint32_t new_node();
  std::span<const Entry> entries(Range range) const;

  template <class Use>
  bool each_root(uint32_t scope, std::string_view host, Use use) const;
  template <class Use>
  bool each_wildcard(uint32_t scope, std::string_view host, Use use) const;
  bool walk(uint32_t node, std::string_view rest, size_t depth, Search& search) const;
  bool cover(uint32_t node, std::span<const conf::PathPattern::Segment> segments, bool prefix,
             Visitor& visitor) const;

  StepTable hosts_;
  StepTable steps_;
  std::vector<Scope> scopes_;
  std::vector<Node> nodes_;  // 0 stands for none
  std::vector<Entry> entries_;
  std::vector<std::vector<std::string>> names_;
  std::vector<std::vector<Entry>> building_;  // by spot: 2 * node, and one more for "/*"
};

}  // namespace weir
