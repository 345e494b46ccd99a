// SPDX-License-Identifier: Apache-2.0
#include "serve/route_conditions.hpp"

#include <weir/module.h>

#include "conf/model.hpp"
#include "http/names.hpp"
#include "http/path.hpp"
#include "net/address.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

namespace {

using Test = conf::Condition::Test;

bool same_range(const weir_cidr& left, const weir_cidr& right) {
  return left.bits == right.bits &&
         std::equal(std::begin(left.bytes), std::end(left.bytes), std::begin(right.bytes));
}

bool within(const weir_cidr& wide, const weir_cidr& narrow) {
  weir_address first{};
  first.family = 6;
  std::copy(std::begin(narrow.bytes), std::end(narrow.bytes), first.bytes);
  return wide.bits <= narrow.bits && contains(wide, first);
}

bool any_of_both(const std::vector<std::string>& left, const std::vector<std::string>& right) {
  return std::any_of(left.begin(), left.end(), [&](const auto& each) {
    return std::find(right.begin(), right.end(), each) != right.end();
  });
}

bool all_within(const std::vector<std::string>& wide, const std::vector<std::string>& narrow) {
  return std::all_of(narrow.begin(), narrow.end(), [&](const auto& each) {
    return std::find(wide.begin(), wide.end(), each) != wide.end();
  });
}

std::string listed(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : " or ") + text;
  return out;
}

// More is weightier; of two that ask as often, the one that leaves fewer values.
template <class List>
void weigh(const List& conditions, uint64_t* rank) {
  uint64_t equals = 0;
  uint64_t values = 0;
  for (const auto& condition : conditions) {
    if (condition.test != Test::equals) continue;
    ++equals;
    values += condition.values.size();
  }
  rank[0] = conditions.size();
  rank[1] = equals;
  rank[2] = std::numeric_limits<uint32_t>::max() - values;
}

template <class T>
void sort_once(std::vector<T>& texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

}  // namespace

RouteConditions::NamedList RouteConditions::sorted(const std::vector<conf::Condition>& conditions) {
  NamedList list;
  for (const auto& condition : conditions) {
    list.push_back({condition, 0});
    sort_once(list.back().values);
  }
  std::sort(list.begin(), list.end(),
            [](const auto& left, const auto& right) { return left.name < right.name; });
  return list;
}

RouteConditions::RouteConditions(const conf::Route& route, Names& names)
    : methods_(route.methods),
      headers_(sorted(route.headers)),
      queries_(sorted(route.query)),
      cookies_(sorted(route.cookies)) {
  sort_once(methods_);
  for (auto& header : headers_) header.id = names.intern(header.name);
  for (const auto& range : route.clients) {
    const auto known = [&](const auto& each) { return same_range(each, range); };
    if (std::none_of(clients_.begin(), clients_.end(), known)) clients_.push_back(range);
  }
  none_ = methods_.empty() && headers_.empty() && queries_.empty() && cookies_.empty() &&
          clients_.empty();
}

// All values that the request gives under this name, one after the other.
template <class See>
void RouteConditions::each_value(Kind kind, const Named& condition, const RouteQuery& query,
                                 See see) {
  if (kind == Kind::query) {
    QueryValues values(query.query, condition.name);
    while (const auto value = values.next()) see(*value);
  } else if (query.fields != nullptr && kind == Kind::cookie) {
    CookieValues values(*query.fields, condition.name);
    while (const auto value = values.next()) see(*value);
  } else if (query.fields != nullptr) {
    for (const weir_field& row : query.fields->rows()) {
      if (row.id == condition.id) see(as_view(row.value));
    }
  }
}

bool RouteConditions::is_wanted(Kind kind, const Named& condition, std::string_view value) {
  return std::ranges::any_of(condition.values, [&](const std::string& wanted) {
    return kind == Kind::query ? equal_decoded(value, wanted) : value == wanted;
  });
}

// `found` is the value that decided.
bool RouteConditions::holds(Kind kind, const Named& condition, const RouteQuery& query,
                            std::string_view& found) {
  bool present = false;
  bool wanted = true;
  each_value(kind, condition, query, [&](std::string_view value) {
    present = true;
    if (!wanted) return;
    found = value;
    wanted = condition.test != Test::equals || is_wanted(kind, condition, value);
  });
  if (condition.test != Test::equals) return present == (condition.test == Test::present);
  return present && wanted;
}

RouteConditions::Failure RouteConditions::failed_of(Kind kind, const NamedList& conditions,
                                                    const RouteQuery& query) {
  for (const auto& condition : conditions) {
    std::string_view found;
    if (!holds(kind, condition, query, found)) return {kind, &condition, found};
  }
  return {};
}

RouteConditions::Failure RouteConditions::failed(const RouteQuery& query) const {
  if (!methods_.empty() &&
      std::find(methods_.begin(), methods_.end(), query.method) == methods_.end()) {
    return {Kind::method, nullptr, query.method};
  }
  auto failure = failed_of(Kind::header, headers_, query);
  if (failure.kind == Kind::nothing) failure = failed_of(Kind::query, queries_, query);
  if (failure.kind == Kind::nothing) failure = failed_of(Kind::cookie, cookies_, query);
  if (failure.kind != Kind::nothing || clients_.empty()) return failure;
  const auto holds_client = [&](const auto& range) { return contains(range, query.client); };
  if (std::any_of(clients_.begin(), clients_.end(), holds_client)) return {};
  return {Kind::client, nullptr, {}};
}

std::string RouteConditions::refusal(const RouteQuery& query) const {
  constexpr std::array<const char*, 6> kinds = {"",      "method", "header",
                                                "query", "cookie", "client"};
  const auto failure = failed(query);
  const std::string kind = kinds[static_cast<size_t>(failure.kind)];
  if (failure.kind == Kind::nothing) return "";
  if (failure.kind == Kind::method) {
    return "method " + std::string(query.method) + " is not " + listed(methods_);
  }
  if (failure.kind == Kind::client) {
    return "client " + to_string(query.client) + " is in none of its ranges";
  }
  const auto what = kind + " " + failure.condition->name;
  if (failure.found.data() == nullptr) return what + " is missing";
  if (failure.condition->test == Test::absent) return what + " is there";
  return what + " is \"" + std::string(failure.found) + "\", not " +
         listed(failure.condition->values);
}

RouteConditions::Rank RouteConditions::rank() const {
  Rank rank{};
  constexpr uint64_t most = std::numeric_limits<uint32_t>::max();
  rank[0] = methods_.empty() ? 0 : most - methods_.size();
  weigh(headers_, &rank[1]);
  weigh(queries_, &rank[4]);
  weigh(cookies_, &rank[7]);
  uint64_t widest = clients_.empty() ? 0 : most;
  for (const auto& range : clients_) widest = std::min<uint64_t>(widest, range.bits + 1);
  rank[10] = widest;
  return rank;
}

// Conditions of different names never exclude each other.
bool RouteConditions::overlap(const NamedList& left, const NamedList& right) {
  for (const auto& a : left) {
    for (const auto& b : right) {
      if (a.name != b.name) continue;
      const bool absent = a.test == Test::absent;
      if (absent != (b.test == Test::absent)) return false;
      const bool both = a.test == Test::equals && b.test == Test::equals;
      if (both && !any_of_both(a.values, b.values)) return false;
    }
  }
  return true;
}

bool RouteConditions::overlap(const RouteConditions& other) const {
  if (!methods_.empty() && !other.methods_.empty() && !any_of_both(methods_, other.methods_)) {
    return false;
  }
  if (!overlap(headers_, other.headers_) || !overlap(queries_, other.queries_) ||
      !overlap(cookies_, other.cookies_)) {
    return false;
  }
  if (clients_.empty() || other.clients_.empty()) return true;
  return std::any_of(clients_.begin(), clients_.end(), [&](const auto& a) {
    return std::any_of(other.clients_.begin(), other.clients_.end(),
                       [&](const auto& b) { return within(a, b) || within(b, a); });
  });
}

bool RouteConditions::cover(const NamedList& wide, const NamedList& narrow) {
  return std::all_of(wide.begin(), wide.end(), [&](const auto& a) {
    return std::any_of(narrow.begin(), narrow.end(), [&](const auto& b) {
      if (a.name != b.name || (a.test == Test::absent) != (b.test == Test::absent)) return false;
      if (a.test != Test::equals) return true;
      return b.test == Test::equals && all_within(a.values, b.values);
    });
  });
}

bool RouteConditions::cover(const RouteConditions& other) const {
  if (none_) return true;
  if (!methods_.empty() && (other.methods_.empty() || !all_within(methods_, other.methods_))) {
    return false;
  }
  if (!cover(headers_, other.headers_) || !cover(queries_, other.queries_) ||
      !cover(cookies_, other.cookies_)) {
    return false;
  }
  if (clients_.empty()) return true;
  return !other.clients_.empty() &&
         std::all_of(other.clients_.begin(), other.clients_.end(), [&](const auto& b) {
           return std::any_of(clients_.begin(), clients_.end(),
                              [&](const auto& a) { return within(a, b); });
         });
}

}  // namespace weir
