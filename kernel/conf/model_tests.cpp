// SPDX-License-Identifier: Apache-2.0
#include <weir/module.h>

#include "conf/file.hpp"
#include "conf/kernel_keys.hpp"
#include "conf/model.hpp"
#include "conf/model_reader.hpp"
#include "conf/schema.hpp"
#include "conf/template.hpp"
#include "conf/units.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace weir::conf {

namespace {

constexpr std::string_view request_form = "\"GET http://example.com/path\"";

// Splits "GET http://host/path?query"; false when it is none.
bool split_request(std::string_view text, Test& out) {
  const size_t blank = text.find(' ');
  if (blank == std::string_view::npos || !is_token(text.substr(0, blank))) return false;
  out.method = text.substr(0, blank);
  out.url = text.substr(blank + 1);
  const size_t colon = out.url.find("://");
  if (colon == std::string::npos) return false;
  out.scheme = out.url.substr(0, colon);
  if (out.scheme != "http" && out.scheme != "https") return false;
  const std::string_view rest = std::string_view{out.url}.substr(colon + 3);
  const size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  out.authority = rest.substr(0, end);
  out.target = rest.substr(end);
  if (!out.target.starts_with('/')) out.target.insert(0, "/");
  const auto bad = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == '#';
  };
  return !out.authority.empty() && std::ranges::none_of(rest, bad);
}

std::optional<std::string> optional_text(weir_str text) {
  return text.p == nullptr ? std::nullopt : std::optional{text_of(text)};
}

class TestReader {
 public:
  TestReader(Reading& reading, const Node& node)
      : reading_(reading), report_(reading.report), node_(node) {}

  void run() {
    const auto* keys = reading_.fill_table<TestKeys>(test_schema, &node_, "[[test]]", storage_);
    out_.place = node_.place();
    if (keys->request.p != nullptr) request(text_of(keys->request));
    from(*keys);
    listener(text_of(keys->listener));
    if (const Node* headers = node_.find("headers")) {
      for (const Node& each : headers->children()) {
        if (each.is(Kind::text)) out_.headers.emplace_back(each.key(), each.text());
      }
    }
    const Node* expected = node_.find("expect");
    if (expected != nullptr && expected->is(Kind::table)) expect(keys->expect, *expected);
    reading_.model.tests.push_back(std::move(out_));
  }

 private:
  void request(const std::string& text) {
    if (split_request(text, out_)) return;
    const Node& node = *node_.find("request");
    report_.error(node.place(), "request: expected method and URL such as " +
                                    std::string{request_form} + ", found " + node.shown());
  }

  void from(const TestKeys& keys) {
    if (keys.from.p == nullptr) return;
    out_.from = parse_ip(text_of(keys.from));
    if (out_.from) return;
    const Node& node = *node_.find("from");
    report_.error(node.place(),
                  "from: expected an address such as \"203.0.113.9\", found " + node.shown());
  }

  void listener(std::string name) {
    if (!name.empty() && !reading_.listener_index.contains(name)) {
      report_.unknown_name(node_.find("listener")->place(), "listener", name,
                           reading_.listener_list);
    }
    out_.listener = std::move(name);
  }

  void expect(const ExpectKeys& keys, const Node& node) {
    Expectation& out = out_.expect;
    out.place = node.key_place();
    out.listener = optional_text(keys.listener);
    out.route = optional_text(keys.route);
    out.upstream = optional_text(keys.upstream);
    out.host = optional_text(keys.host);
    out.path = optional_text(keys.path);
    if (keys.status != 0) out.status = static_cast<uint32_t>(keys.status);
    if (node.find("filters") != nullptr) out.filters = texts_of(keys.filters);
    if (node.children().empty()) {
      report_.error(node.place(), "expect: nothing is expected",
                    "name at least one of upstream, route, status, filters, path, host, listener");
    }
    check_name(node, "upstream", out.upstream, reading_.upstream_list);
    check_name(node, "route", out.route, reading_.route_list);
  }

  void check_name(const Node& node, std::string_view what, const std::optional<std::string>& name,
                  std::span<const std::string> known) {
    if (!name || std::ranges::find(known, *name) != known.end()) return;
    const auto& upstreams = reading_.model.upstreams;
    const bool anonymous =
        what == "upstream" &&
        std::ranges::any_of(upstreams, [&](const auto& each) { return each.name == *name; });
    if (!anonymous) report_.unknown_name(node.find(what)->place(), what, *name, known);
  }

  Reading& reading_;
  Report& report_;
  const Node& node_;
  Storage storage_;
  Test out_;
};

}  // namespace

void read_tests(Reading& reading) {
  for (const Node& node : tables_of(reading, "test")) TestReader{reading, node}.run();
}

}  // namespace weir::conf
