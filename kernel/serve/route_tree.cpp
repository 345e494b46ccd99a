// SPDX-License-Identifier: Apache-2.0
#include "serve/route_tree.hpp"

#include "base/contract.hpp"
#include "conf/path_pattern.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

namespace {

// In the table of hosts an exact name and a wildcard's suffix are children of different parents;
// the empty suffix stands for any host.
uint32_t exact_parent(uint32_t scope) { return 2 * scope; }
uint32_t wildcard_parent(uint32_t scope) { return 2 * scope + 1; }

size_t dots(std::string_view text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '.'));
}

}  // namespace

uint64_t StepTable::hash_of(uint32_t parent, std::string_view text) {
  constexpr uint64_t golden = 0x9e3779b97f4a7c15;
  const uint64_t hash = std::hash<std::string_view>{}(text) ^ (parent * golden);
  return (hash ^ (hash >> 32)) * golden;
}

uint32_t StepTable::find(uint32_t parent, std::string_view text) const {
  if (slots_.empty()) return 0;
  const auto hash = hash_of(parent, text);
  const auto mask = slots_.size() - 1;
  for (size_t at = (hash >> 20) & mask;; at = (at + 1) & mask) {
    const auto& slot = slots_[at];
    if (slot.child == 0) return 0;
    if (slot.hash == hash && slot.parent == parent &&
        text == std::string_view(texts_).substr(slot.text, slot.size)) {
      return slot.child;
    }
  }
}

void StepTable::put(const Slot& slot) {
  const auto mask = slots_.size() - 1;
  size_t at = (slot.hash >> 20) & mask;
  while (slots_[at].child != 0) at = (at + 1) & mask;
  slots_[at] = slot;
}

void StepTable::add(uint32_t parent, std::string_view text, uint32_t child) {
  expects(child != 0, "a step leads somewhere");
  if (++used_ * 2 > slots_.size()) {
    const auto former =
        std::exchange(slots_, std::vector<Slot>(std::max<size_t>(16, slots_.size() * 2)));
    for (const auto& slot : former) {
      if (slot.child != 0) put(slot);
    }
  }
  put({hash_of(parent, text), parent, child, static_cast<uint32_t>(texts_.size()),
       static_cast<uint32_t>(text.size())});
  texts_ += text;
}

uint32_t RouteTree::new_node() {
  nodes_.emplace_back();
  building_.resize(2 * nodes_.size());
  return static_cast<uint32_t>(nodes_.size() - 1);
}

uint32_t RouteTree::root_of(const Pattern& pattern) {
  if (scopes_.size() <= pattern.scope) scopes_.resize(pattern.scope + 1);
  auto& scope = scopes_[pattern.scope];
  scope.used = true;
  const bool exact = pattern.host != nullptr && !pattern.host->wildcard;
  const auto parent = exact ? exact_parent(pattern.scope) : wildcard_parent(pattern.scope);
  std::string text = pattern.host == nullptr ? "" : pattern.host->name;
  if (pattern.host != nullptr && !exact) {
    text.insert(0, ".");
    scope.most_labels = std::max(scope.most_labels, dots(text));
  }
  uint32_t root = hosts_.find(parent, text);
  if (root == 0) hosts_.add(parent, text, root = new_node());
  return root;
}

uint32_t RouteTree::child_of(uint32_t node, const conf::PathPattern::Segment& segment) {
  if (segment.parameter) {
    if (nodes_[node].parameter == 0) {
      const auto child = new_node();
      nodes_[node].parameter = child;
    }
    return nodes_[node].parameter;
  }
  uint32_t child = steps_.find(node, segment.text);
  if (child == 0) steps_.add(node, segment.text, child = new_node());
  nodes_[node].literals = true;
  return child;
}

RouteTree::Where RouteTree::add(const Pattern& pattern, uint32_t route, bool asks) {
  const auto root = root_of(pattern);
  auto node = root;
  std::vector<std::string> names;
  if (pattern.path != nullptr) {
    for (const auto& segment : pattern.path->segments) {
      node = child_of(node, segment);
      if (segment.parameter) names.push_back(segment.text);
    }
  }
  expects(names.size() <= most_parameters, "the parameters fit");
  const bool prefix = pattern.path == nullptr || pattern.path->prefix;
  const Spot spot = 2 * node + (prefix ? 1 : 0);
  auto& list = building_[spot];
  if (list.empty() || list.back().route != route) {
    const auto at = names.empty() ? 0 : names_.size();
    if (!names.empty()) names_.push_back(std::move(names));
    list.push_back({route, static_cast<uint32_t>(at), asks});
  }
  return {spot, root};
}

void RouteTree::finish(const std::function<bool(const Entry&, const Entry&)>& before) {
  for (Spot spot = 0; spot < building_.size(); ++spot) {
    auto& list = building_[spot];
    std::ranges::sort(list, before);
    const Range range{static_cast<uint32_t>(entries_.size()), static_cast<uint32_t>(list.size())};
    auto& node = nodes_[spot / 2];
    (spot % 2 == 0 ? node.exact : node.prefix) = range;
    entries_.insert(entries_.end(), list.begin(), list.end());
  }
  building_ = {};
}

std::span<const RouteTree::Entry> RouteTree::entries(Range range) const {
  return std::span(entries_).subspan(range.begin, range.size);
}

struct RouteTree::Search {
  Values& values;
  Visitor& visitor;
};

// Suffixes that no wildcard is long enough for are not looked up.
template <class Use>
bool RouteTree::each_wildcard(uint32_t scope, std::string_view host, Use use) const {
  const auto most = scopes_[scope].most_labels;
  if (most == 0) return false;
  auto labels = dots(host.substr(std::min<size_t>(1, host.size())));
  for (auto dot = host.find('.', 1); dot != host.npos; dot = host.find('.', dot + 1), --labels) {
    if (labels > most) continue;
    const auto root = hosts_.find(wildcard_parent(scope), host.substr(dot));
    if (root != 0 && use(root)) return true;
  }
  return false;
}

template <class Use>
bool RouteTree::each_root(uint32_t scope, std::string_view host, Use use) const {
  if (scope >= scopes_.size() || !scopes_[scope].used) return false;
  const auto exact = hosts_.find(exact_parent(scope), host);
  if (exact != 0 && use(exact)) return true;
  if (each_wildcard(scope, host, use)) return true;
  const auto any = hosts_.find(wildcard_parent(scope), "");
  return any != 0 && use(any);
}

bool RouteTree::search(uint32_t listener, std::string_view host, std::string_view path,
                       Values& values, Visitor& visitor) const {
  Search search{values, visitor};
  const auto use = [&](uint32_t root) {
    visitor.enter(root);
    return walk(root, path, 0, search);
  };
  return each_root(listener + 1, host, use) || each_root(every_listener, host, use);
}

// `rest` is what of the path lies below the node: empty, or a slash and more. "*" of OPTIONS is
// neither and fits "/*" of the root alone.
bool RouteTree::walk(uint32_t at, std::string_view rest, size_t depth, Search& search) const {
  const auto& node = nodes_[at];
  if (rest.empty()) {
    if (node.exact.size != 0 && search.visitor.at(entries(node.exact), {})) return true;
  } else if (rest.front() == '/') {
    const auto end = std::min(rest.find('/', 1), rest.size());
    const auto segment = rest.substr(1, end - 1);
    const auto below = rest.substr(end);
    const auto literal = node.literals ? steps_.find(at, segment) : 0;
    if (literal != 0 && walk(literal, below, depth, search)) return true;
    if (node.parameter != 0 && !segment.empty()) {
      search.values[depth] = segment;
      if (walk(node.parameter, below, depth + 1, search)) return true;
    }
  }
  return node.prefix.size != 0 && search.visitor.at(entries(node.prefix), rest);
}

bool RouteTree::search_covering(uint32_t scope, const Pattern& pattern, Visitor& visitor) const {
  constexpr std::span<const conf::PathPattern::Segment> any;
  const auto use = [&](uint32_t root) {
    if (pattern.path == nullptr) return cover(root, any, true, visitor);
    return cover(root, pattern.path->segments, pattern.path->prefix, visitor);
  };
  if (scope >= scopes_.size() || !scopes_[scope].used) return false;
  if (pattern.host != nullptr && !pattern.host->wildcard) {
    return each_root(scope, pattern.host->name, use);
  }
  if (pattern.host != nullptr) {
    // What stands for any name below the suffix: a label that no pattern can name.
    if (each_wildcard(scope, "*." + pattern.host->name, use)) return true;
  }
  const auto any_host = hosts_.find(wildcard_parent(scope), "");
  return any_host != 0 && use(any_host);
}

bool RouteTree::cover(uint32_t at, std::span<const conf::PathPattern::Segment> segments,
                      bool prefix, Visitor& visitor) const {
  const auto& node = nodes_[at];
  if (node.prefix.size != 0 && visitor.at(entries(node.prefix), {})) return true;
  if (segments.empty()) {
    return !prefix && node.exact.size != 0 && visitor.at(entries(node.exact), {});
  }
  const auto& segment = segments.front();
  const auto below = segments.subspan(1);
  const auto literal = segment.parameter ? 0 : steps_.find(at, segment.text);
  if (literal != 0 && cover(literal, below, prefix, visitor)) return true;
  return node.parameter != 0 && !segment.text.empty() &&
         cover(node.parameter, below, prefix, visitor);
}

}  // namespace weir
