// SPDX-License-Identifier: Apache-2.0
//
// What a route asks beyond listener, host and path: method, headers, query, cookies, client.
//
// A method, a client range or a value in a list matches when any of them does; conditions of
// different kinds or names must all hold. Where a field, parameter or cookie comes more than once,
// every value must be a wanted one, so that none rides along with a good one. Values are compared
// to the letter; those of a query after decoding.
//
// Thread: any; immutable once made.
#pragma once

#include <weir/module.h>

#include "conf/model.hpp"
#include "http/fields.hpp"
#include "http/names.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// A request, as routing sees it.
struct RouteQuery {
  uint32_t listener = 0;  // index in the configuration
  std::string_view host;  // lower case, without port
  std::string_view path;  // canonical
  std::string_view method;
  std::string_view query;  // without "?"
  const Fields* fields = nullptr;
  weir_address client{};
};

class RouteConditions {
 public:
  // How much is asked, the weightiest first; the table in router.hpp says what that means.
  using Rank = std::array<uint64_t, 11>;

  RouteConditions(const conf::Route& route, Names& names);

  bool none() const { return none_; }
  bool hold(const RouteQuery& query) const { return none_ || failed(query).kind == Kind::nothing; }

  // Why they do not hold, for people; empty when they do.
  std::string refusal(const RouteQuery& query) const;

  Rank rank() const;

  // Some request fulfils both.
  bool overlap(const RouteConditions& other) const;

  // Every request that fulfils `other` fulfils these.
  bool cover(const RouteConditions& other) const;

 private:
  enum class Kind : uint8_t { nothing, method, header, query, cookie, client };
  struct Named : conf::Condition {
    uint32_t id = 0;  // of a header
  };
  using NamedList = std::vector<Named>;
  struct Failure {
    Kind kind = Kind::nothing;
    const Named* condition = nullptr;
    std::string_view found;
  };

  static NamedList sorted(const std::vector<conf::Condition>& conditions);
  template <class See>
  static void each_value(Kind kind, const Named& condition, const RouteQuery& query, See see);
  static bool is_wanted(Kind kind, const Named& condition, std::string_view value);
  static bool holds(Kind kind, const Named& condition, const RouteQuery& query,
                    std::string_view& found);
  static Failure failed_of(Kind kind, const NamedList& conditions, const RouteQuery& query);
  static bool overlap(const NamedList& left, const NamedList& right);
  static bool cover(const NamedList& wide, const NamedList& narrow);
  Failure failed(const RouteQuery& query) const;

  bool none_ = true;
  std::vector<std::string> methods_;  // sorted, each once, as are the names below
  NamedList headers_, queries_, cookies_;
  std::vector<weir_cidr> clients_;
};

}  // namespace weir
