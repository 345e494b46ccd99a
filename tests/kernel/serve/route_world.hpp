// SPDX-License-Identifier: Apache-2.0
//
// Routes and requests as the router's tests write them.
#pragma once

#include "base/arena.hpp"
#include "conf/units.hpp"
#include "serve/router.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

// A route that is built up by calls: Draft("a").host("example.com").path("/x/*").
class Draft {
 public:
  explicit Draft(std::string name, const weir::conf::Source* source = nullptr, uint32_t line = 0) {
    route.name = std::move(name);
    route.place = {source, line, 1, 1};
  }
  Draft& listener(const std::string& name) {
    route.listeners.push_back(name);
    return *this;
  }
  Draft& host(const std::string& text) {
    const bool wildcard = text.starts_with("*.");
    route.hosts.push_back({wildcard ? text.substr(2) : text, wildcard});
    return *this;
  }
  Draft& path(const std::string& text) {
    auto pattern = weir::conf::parse_path_pattern(text);
    BOOST_REQUIRE_MESSAGE(pattern, text);
    route.paths.push_back(std::move(*pattern));
    return *this;
  }
  Draft& method(const std::string& name) {
    route.methods.push_back(name);
    return *this;
  }
  Draft& client(const std::string& range) {
    route.clients.push_back(weir::conf::parse_cidr(range).value());
    return *this;
  }
  // "name" is there, "!name" is not, "name=a|b" has one of these values.
  Draft& header(const std::string& text) { return add(route.headers, text); }
  Draft& query(const std::string& text) { return add(route.query, text); }
  Draft& cookie(const std::string& text) { return add(route.cookies, text); }

  weir::conf::Route route;

 private:
  Draft& add(std::vector<weir::conf::Condition>& list, const std::string& text) {
    using Test = weir::conf::Condition::Test;
    weir::conf::Condition condition;
    const auto equals = text.find('=');
    condition.name = text.substr(text.starts_with('!') ? 1 : 0, equals);
    condition.test = text.starts_with('!') ? Test::absent : Test::present;
    for (auto at = equals; at != text.npos; at = text.find('|', at + 1)) {
      condition.test = Test::equals;
      condition.values.push_back(text.substr(at + 1, text.find('|', at + 1) - at - 1));
    }
    list.push_back(std::move(condition));
    return *this;
  }
};

// The listeners of every table here.
inline std::vector<weir::conf::Listener> listeners() {
  std::vector<weir::conf::Listener> out(2);
  out[0].name = ":80";
  out[1].name = "admin";
  return out;
}

struct Table {
  explicit Table(const std::vector<Draft>& drafts) {
    for (const auto& draft : drafts) routes.push_back(draft.route);
    built = weir::Router::build(routes, listeners(), names);
  }
  weir::Names names;
  std::vector<weir::conf::Route> routes;
  weir::Router::Built built;
};

// A request: Ask("example.com", "/x").header("a", "b").
class Ask {
 public:
  Ask(std::string host, std::string path, std::string method = "GET")
      : host_(std::move(host)), path_(std::move(path)), method_(std::move(method)) {}
  Ask& listener(uint32_t index) {
    listener_ = index;
    return *this;
  }
  Ask& query(std::string text) {
    query_ = std::move(text);
    return *this;
  }
  Ask& header(std::string name, std::string value) {
    headers_.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  Ask& client(const std::string& address) {
    client_ = weir::conf::parse_ip(address).value();
    return *this;
  }

  // `use` gets the query while its fields live.
  template <class Use>
  auto with(const weir::Names& names, Use use) const {
    std::array<std::byte, 4096> memory;
    weir::Arena arena(memory, memory.size());
    weir::Fields fields(arena);
    for (const auto& [name, value] : headers_) fields.add(names.find(name), name, value);
    return use(weir::RouteQuery{listener_, host_, path_, method_, query_, &fields, client_});
  }

  // The name of the route that it takes, "-" for none.
  std::string in(const Table& table) const {
    return with(table.names, [&](const weir::RouteQuery& query) {
      weir::RouteMatch match;
      if (!table.built.router.match(query, match)) return std::string("-");
      return table.routes[match.route].name;
    });
  }

 private:
  std::string host_, path_, method_, query_;
  uint32_t listener_ = 0;
  std::vector<std::pair<std::string, std::string>> headers_;
  weir_address client_{};
};
