// SPDX-License-Identifier: Apache-2.0
//
// A path and its query, and what is done to them besides substitution. Pure text: whether the
// result is a path at all is judged by the kernel, which makes it canonical again.
//
// Thread: any.
#pragma once

#include <string>
#include <string_view>

// Where a request will go: path without query, query without "?".
struct Target {
  std::string path, query;
};

// Of a prefix in a conf file: nullptr when it can ever begin a canonical path, else why not.
const char* flaw_of_prefix(std::string_view prefix);

// "/api/x" without "/api" or "/api/" is "/x"; "/api" is "/"; "/apix" stays.
std::string_view without_prefix(std::string_view path, std::string_view prefix);

// Appends text with every byte escaped that must not stand in a path or query as it is. Escapes in
// it stay, "?" too.
void append_escaped(std::string_view text, std::string& to);

// "a" and "b" give "a&b"; an empty part adds nothing.
void append_query(std::string_view part, std::string& query);

// True when `pattern` names the parameter `escaped`: names are compared decoded, a "*" at the end
// stands for anything.
bool names(std::string_view pattern, std::string_view escaped);

// Appends what is left of `query` without the parameters whose names, as written there, are
// dropped.
template <class Dropped>
void append_without(std::string_view query, const Dropped& dropped, std::string& to) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(end == query.npos ? query.size() : end + 1);
    const std::string_view name = part.substr(0, part.find('='));
    if (!dropped(name)) append_query(part, to);
  }
}
