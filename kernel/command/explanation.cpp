// SPDX-License-Identifier: Apache-2.0
#include "command/explanation.hpp"

#include <weir/module.h>

#include "command/file_tests.hpp"
#include "command/reasons.hpp"
#include "conf/model.hpp"
#include "conf/path_pattern.hpp"
#include "conf/place.hpp"
#include "conf/report.hpp"
#include "conf/units.hpp"
#include "net/address.hpp"
#include "serve/dry_run.hpp"
#include "serve/router.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

namespace weir {
namespace {

constexpr size_t shown_routes = 20;
constexpr size_t widest_name = 36;
constexpr size_t widest_text = 48;
constexpr const char* margin = "           ";

constexpr const char* order = R"(
Of the routes that fit, the most specific is taken, wherever it stands in the file. They are
compared by listener, host (exact, *.longer, *.short, any), path (literal, {parameter}, /*),
method, header, query, cookie, client address; the first difference decides.
)";

std::string padded(std::string text, size_t width) {
  const size_t points = conf::code_points(text);
  if (points < width) text.append(width - points, ' ');
  return text;
}

// At most that many code points.
std::string shortened(const std::string& text, size_t width) {
  if (conf::code_points(text) <= width) return text;
  size_t end = 0;
  for (size_t i = 0; i + 3 < width; ++i) {
    end += std::max<size_t>(conf::utf8_sequence(std::string_view(text).substr(end)), 1);
  }
  return text.substr(0, end) + "...";
}

template <size_t Column, class Rows>
size_t widest(const Rows& rows) {
  size_t width = 0;
  for (const auto& row : rows) width = std::max<size_t>(width, conf::code_points(row[Column]));
  return width;
}

void add(std::string& list, std::string_view between, std::string_view text) {
  if (!list.empty()) list += between;
  list += text;
}

std::string conditions_text(const char* kind, const std::vector<conf::Condition>& conditions) {
  std::string text;
  for (const conf::Condition& each : conditions) {
    std::string one = std::string(kind) + " " + each.name;
    if (each.test == conf::Condition::Test::absent) one += " absent";
    std::string values;
    for (const std::string& value : each.values) add(values, " or ", "\"" + value + "\"");
    if (!values.empty()) one += " = " + values;
    add(text, ", ", one);
  }
  return text;
}

std::string location_of(const DryResult& result) {
  for (const auto& [name, value] : result.fields) {
    if (name == "location" || name == "Location") return value;
  }
  return "";
}

class Printer {
 public:
  Printer(std::ostream& out, const Explained& explained)
      : out_(out), explained_(explained), model_(explained.generation.model()) {}

  void print(bool all) {
    const DryRequest& request = explained_.request;
    out_ << request.method << ' ' << explained_.question.url.scheme << "://"
         << conf::readable(request.authority) << conf::readable(request.target) << " from "
         << to_string(request.client) << "\n\n";
    const conf::Listener& listener = model_.listeners[request.listener];
    row("listener", listener.name);
    if (listener.name != listener.written) out_ << " (" << listener.written << ")";
    out_ << '\n';
    if (!explained_.result.arrived.empty()) {
      row("path", conf::readable(explained_.result.arrived)) << '\n';
    }
    routes(all);
    filters();
    handler();
    upstream();
    answer();
    if (explained_.result.trials.size() > 1) out_ << order;
  }

 private:
  std::ostream& row(const char* label, const std::string& text) {
    return out_ << padded(label, 11) << text;
  }

  void routes(bool all) {
    const DryResult& result = explained_.result;
    if (!result.routed.empty() && result.routed != result.arrived) {
      row("routes of", conf::readable(result.routed)) << '\n';
    }
    const auto& trials = result.trials;
    const size_t shown = all ? trials.size() : std::min(trials.size(), shown_routes);
    std::vector<std::array<std::string, 2>> cells;
    for (size_t i = 0; i < shown; ++i) {
      const conf::Route& route = model_.routes[trials[i].route];
      cells.push_back({conf::readable(route.name), shortened(route_text(route), widest_text)});
    }
    const size_t names = widest<0>(cells), texts = widest<1>(cells);
    for (size_t i = 0; i < shown; ++i) {
      row(i == 0 ? "routes" : "", trials[i].taken ? "+ " : "- ")
          << padded(cells[i][0], std::min(names, widest_name)) << "  " << padded(cells[i][1], texts)
          << "  " << fate(trials[i]) << '\n';
    }
    if (shown < trials.size()) {
      out_ << margin << "and " << trials.size() - shown << " more (--all shows them)\n";
    }
  }

  std::string fate(const RouteTrial& trial) const {
    if (!trial.taken) return conf::readable(trial.reason);
    if (explained_.result.route != trial.route) {
      return "would be taken, but the answer comes before";
    }
    const conf::Route& route = model_.routes[trial.route];
    return route.name == route.place.text() ? "taken" : "taken, " + route.place.text();
  }

  static std::string name_of(const DryFilter& part) {
    return part.component == part.name ? part.name : part.name + " (" + part.component + ")";
  }

  void part(const char* label, const std::string& name, const std::string& says) {
    row(label, name) << (says.empty() ? "" : "  " + conf::readable(says)) << '\n';
  }

  void filters() {
    std::vector<std::array<std::string, 1>> names;
    names.reserve(explained_.result.filters.size());
    for (const DryFilter& filter : explained_.result.filters) names.push_back({name_of(filter)});
    for (size_t i = 0; i < names.size(); ++i) {
      const std::string& says = explained_.result.filters[i].says;
      const std::string& name = names[i][0];
      part(i == 0 ? "filters" : "", says.empty() ? name : padded(name, widest<0>(names)), says);
    }
  }

  void handler() {
    const DryFilter& handler = explained_.result.handler;
    if (!handler.name.empty()) part("handler", name_of(handler), handler.says);
  }

  void upstream() {
    const conf::Upstream* const upstream = upstream_of(explained_);
    if (upstream == nullptr) return;
    row("upstream", upstream->name);
    const size_t count = upstream->endpoints.size();
    if (count > 1 && upstream->balancer) {
      out_ << ": " << upstream->balancer->name << " chooses one of " << count << " endpoints";
    }
    out_ << '\n';
    for (const conf::Endpoint& endpoint : upstream->endpoints) {
      out_ << margin << endpoint.written;
      if (endpoint.weight != 1) out_ << "  weight " << endpoint.weight;
      out_ << '\n';
    }
    row("sends", explained_.request.method)
        << ' ' << conf::readable(target_sent(explained_.result))
        << ", Host: " << conf::readable(host_sent(*upstream, explained_.result)) << '\n';
  }

  void answer() {
    const DryResult& result = explained_.result;
    const bool unknown = result.status == 0 && !result.waits;
    row("answer", unknown ? "what the endpoint says" : answer_text(result));
    const bool own = result.status != 0 && meaning_of(result.reason).empty();
    if (own && !result.handler.name.empty()) {
      out_ << " by the handler " << result.handler.name;
    } else if (own && !result.filters.empty()) {
      out_ << " by the filter " << result.filters.back().name;
    }
    out_ << '\n';
    const std::string location = location_of(result);
    if (!location.empty()) out_ << margin << "Location: " << conf::readable(location) << '\n';
  }

  std::ostream& out_;
  const Explained& explained_;
  const conf::Model& model_;
};

}  // namespace

const conf::Upstream* upstream_of(const Explained& explained) {
  const DryResult& result = explained.result;
  if (result.route == DryResult::no_route || result.status != 0 || result.waits) return nullptr;
  const conf::Model& model = explained.generation.model();
  const size_t upstream = model.routes[result.route].upstream;
  return upstream == conf::no_upstream ? nullptr : &model.upstreams[upstream];
}

std::string host_sent(const conf::Upstream& upstream, const DryResult& result) {
  switch (upstream.host) {
    case conf::Upstream::Host::fixed:
      return upstream.fixed_host;
    case conf::Upstream::Host::endpoint:
      return "the endpoint's address";
    case conf::Upstream::Host::preserve:
      break;
  }
  return result.host;
}

std::string target_sent(const DryResult& result) {
  return result.path + (result.query.empty() ? "" : "?" + result.query);
}

std::string route_text(const conf::Route& route) {
  std::string hosts, paths, methods, clients, text;
  for (const conf::HostPattern& host : route.hosts) add(hosts, " or ", host.text());
  for (const conf::PathPattern& path : route.paths) add(paths, " or ", path.text);
  for (const std::string& method : route.methods) add(methods, " or ", method);
  for (const weir_cidr& client : route.clients) add(clients, " or ", conf::format_cidr(client));
  for (const std::string& part :
       {hosts, paths, methods, conditions_text("header", route.headers),
        conditions_text("query", route.query), conditions_text("cookie", route.cookies),
        clients.empty() ? "" : "client " + clients}) {
    if (!part.empty()) add(text, ", ", part);
  }
  return text.empty() ? "everything" : conf::readable(text);
}

void print_explanation(std::ostream& out, const Explained& explained, bool all) {
  Printer(out, explained).print(all);
}

}  // namespace weir
