// SPDX-License-Identifier: Apache-2.0
#include "command/explanation.hpp"
#include "command/reasons.hpp"
#include "conf/model.hpp"
#include "conf/report.hpp"
#include "net/address.hpp"
#include "serve/dry_run.hpp"
#include "serve/router.hpp"

#include <string>
#include <string_view>

namespace weir {
namespace {

// A JSON object or array in the making.
class Json {
 public:
  explicit Json(char open) : text_(1, open), close_(open == '{' ? '}' : ']') {}
  Json& put(std::string_view name, const std::string& value) {
    separate();
    text_ += conf::json_string(name) + ":" + value;
    return *this;
  }
  Json& text(std::string_view name, std::string_view value) {
    return put(name, conf::json_string(value));
  }
  Json& item(const std::string& value) {
    separate();
    text_ += value;
    return *this;
  }
  std::string done() const { return text_ + close_; }

 private:
  void separate() {
    if (text_.size() > 1) text_ += ',';
  }
  std::string text_;
  char close_;
};

std::string routes_json(const Explained& explained) {
  Json list('[');
  for (const RouteTrial& trial : explained.result.trials) {
    const conf::Route& route = explained.generation.model().routes[trial.route];
    Json one('{');
    one.text("name", route.name).text("place", route.place.text());
    one.put("taken", trial.taken ? "true" : "false").text("reason", trial.reason);
    list.item(one.done());
  }
  return list.done();
}

std::string part_json(const DryFilter& part) {
  Json out('{');
  out.text("name", part.name).text("component", part.component).text("says", part.says);
  return out.done();
}

std::string filters_json(const DryResult& result) {
  Json list('[');
  for (const DryFilter& filter : result.filters) list.item(part_json(filter));
  return list.done();
}

std::string upstream_json(const conf::Upstream& upstream, const DryResult& result) {
  Json endpoints('[');
  for (const conf::Endpoint& endpoint : upstream.endpoints) {
    Json one('{');
    one.text("address", endpoint.written).put("weight", std::to_string(endpoint.weight));
    endpoints.item(one.done());
  }
  Json out('{');
  out.text("name", upstream.name).put("endpoints", endpoints.done());
  if (upstream.balancer) out.text("balancer", upstream.balancer->name);
  return out.text("target", target_sent(result)).text("host", host_sent(upstream, result)).done();
}

std::string answer_json(const DryResult& result) {
  Json fields('[');
  for (const auto& [name, value] : result.fields) {
    fields.item("[" + conf::json_string(name) + "," + conf::json_string(value) + "]");
  }
  Json out('{');
  out.put("status", std::to_string(result.status)).text("reason", result.reason);
  return out.text("meaning", meaning_of(result.reason)).put("fields", fields.done()).done();
}

}  // namespace

std::string explanation_json(const Explained& explained) {
  const DryRequest& request = explained.request;
  const DryResult& result = explained.result;
  Json out('{');
  out.text("method", request.method).text("authority", request.authority);
  out.text("target", request.target).text("from", to_string(request.client));
  out.text("listener", explained.generation.model().listeners[request.listener].name);
  out.text("path", result.arrived).put("routes", routes_json(explained));
  out.put("filters", filters_json(result));
  if (!result.handler.name.empty()) out.put("handler", part_json(result.handler));
  const conf::Upstream* const upstream = upstream_of(explained);
  if (upstream != nullptr) out.put("upstream", upstream_json(*upstream, result));
  if (result.waits) out.put("waits", "true");
  if (result.status != 0) out.put("answer", answer_json(result));
  return out.done() + "\n";
}

}  // namespace weir
