// SPDX-License-Identifier: Apache-2.0
//
// A request as people write it, "GET https://example.com/path", made ready for a dry run. The same
// for `weir explain` and for [[test]] tables, so that both give one answer.
//
// Thread: any.
#pragma once

#include "base/result.hpp"
#include "conf/model.hpp"
#include "serve/dry_run.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace weir {

struct Url {
  std::string scheme;     // "http" or "https"
  std::string authority;  // host[:port]
  std::string target;     // begins with "/"
};

// "http://example.com:8080/path?query", "example.com/path", ":8080/path" and "/path" (of
// localhost). What stands behind "#" never leaves a browser and is dropped.
Result<Url> parse_url(std::string_view text);

// "Name: value" as curl takes it.
Result<std::pair<std::string, std::string>> parse_header(std::string_view text);

// The listener with that name; without a name the one on the URL's port, else the first. nullopt:
// there is none of that name, or none at all.
std::optional<size_t> find_listener(const conf::Model& model, const Url& url,
                                    std::string_view name);

// A Host among the headers takes the place of the authority. Without `from` the client is on this
// machine.
struct Question {
  std::string method;
  Url url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<weir_address> from;
  size_t listener = 0;
};
DryRequest dry_request(const Question& question);

}  // namespace weir
