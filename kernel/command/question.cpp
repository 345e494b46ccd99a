// SPDX-License-Identifier: Apache-2.0
#include "command/question.hpp"

#include <weir/module.h>

#include "base/result.hpp"
#include "conf/model.hpp"
#include "conf/report.hpp"
#include "conf/units.hpp"
#include "serve/dry_run.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace weir {
namespace {

constexpr uint16_t port_of_client = 50'000;
constexpr weir_address this_machine{
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127, 0, 0, 1}, port_of_client, 4};

bool splits_a_line(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

uint16_t port_of(const Url& url) {
  const auto address = conf::parse_address(url.authority);
  if (address) return address->port;
  return url.scheme == "https" ? 443 : 80;
}

bool is_host(std::string_view name) {
  constexpr std::string_view host = "host";
  return std::equal(name.begin(), name.end(), host.begin(), host.end(),
                    [](unsigned char a, char b) { return std::tolower(a) == b; });
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  const auto refused = [&] {
    return Error{"expected a URL such as http://example.com/path, found '" + conf::readable(text) +
                 "'"};
  };
  const auto breaks = [](char c) { return splits_a_line(c) || c == ' '; };
  if (text.empty() || std::any_of(text.begin(), text.end(), breaks)) return refused();
  Url url{"http", "localhost", ""};
  std::string_view rest = text.substr(0, text.find('#'));
  const size_t colon = rest.find("://");
  if (colon != rest.npos && colon < rest.find_first_of("/?")) {
    url.scheme = rest.substr(0, colon);
    if (url.scheme != "http" && url.scheme != "https") return refused();
    rest.remove_prefix(colon + 3);
    if (rest.empty() || rest[0] == '/') return refused();
  }
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  if (rest.starts_with(":")) {
    url.authority += rest.substr(0, end);  // ":8080/path"
  } else if (end > 0) {
    url.authority = rest.substr(0, end);
  }
  url.target = rest.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  return url;
}

Result<std::pair<std::string, std::string>> parse_header(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == text.npos || colon == 0 || std::any_of(text.begin(), text.end(), splits_a_line)) {
    return Error{"expected a field such as 'Accept: text/html', found '" + conf::readable(text) +
                 "'"};
  }
  std::string_view value = text.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
  return std::pair{std::string(text.substr(0, colon)), std::string(value)};
}

std::optional<size_t> find_listener(const conf::Model& model, const Url& url,
                                    std::string_view name) {
  const auto& listeners = model.listeners;
  if (listeners.empty()) return std::nullopt;
  const auto index = [&](auto found) -> std::optional<size_t> {
    if (found == listeners.end()) return std::nullopt;
    return static_cast<size_t>(found - listeners.begin());
  };
  if (!name.empty()) {
    return index(std::find_if(listeners.begin(), listeners.end(),
                              [&](const auto& each) { return each.name == name; }));
  }
  const auto on_port = index(
      std::find_if(listeners.begin(), listeners.end(),
                   [port = port_of(url)](const auto& each) { return each.address.port == port; }));
  return on_port.value_or(0);
}

DryRequest dry_request(const Question& question) {
  DryRequest request;
  request.method = question.method;
  request.target = question.url.target;
  request.authority = question.url.authority;
  for (const auto& [name, value] : question.headers) {
    if (is_host(name)) {
      request.authority = value;
    } else {
      request.headers.emplace_back(name, value);
    }
  }
  request.client = question.from.value_or(this_machine);
  request.client.port = port_of_client;
  request.listener = question.listener;
  return request;
}

}  // namespace weir
