// SPDX-License-Identifier: Apache-2.0
#include "pages.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace bench {

namespace {

constexpr size_t json_bytes = 65536;
constexpr size_t row_bytes = 400;  // more than any row of the JSON

std::string make_filler() {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789 \n";
  std::string text(4096, ' ');
  for (size_t i = 0; i < text.size(); ++i) text[i] = letters[(i * 7 + i / 64) % letters.size()];
  return text;
}

// The same bytes in every run: the numbers come from a fixed linear congruence.
std::string make_json() {
  constexpr std::array<const char*, 8> names = {"alice", "bob",   "carol", "dave",
                                                "erin",  "frank", "grace", "heidi"};
  uint32_t state = 12345;
  const auto next = [&state](uint32_t below) {
    state = state * 1664525U + 1013904223U;
    return (state >> 8) % below;
  };
  std::string text = "[";
  std::array<char, row_bytes> row{};
  while (text.size() < json_bytes - row_bytes) {
    std::snprintf(row.data(), row.size(),
                  "{\"id\":%u,\"name\":\"%s\",\"active\":%s,\"score\":%u.%02u,"
                  "\"tags\":[\"t%u\",\"t%u\"],\"note\":\"%08x%08x\"},\n",
                  next(100000), names[next(8)], next(2) != 0 ? "true" : "false", next(1000),
                  next(100), next(50), next(50), next(1U << 24), next(1U << 24));
    text += row.data();
  }
  text.resize(json_bytes - 2, ' ');
  return text + "0]";
}

bool known(std::string_view path) {
  return path.starts_with("/s/") || path.starts_with("/c/") || path == "/json";
}

}  // namespace

Pages::Pages() : filler_(make_filler()), json_(make_json()) {}

const std::string& Pages::find(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (const auto found = built_.find(path); found != built_.end()) return found->second;
  if (!known(path)) return find("/s/1024");
  return built_.emplace(path, build(path)).first->second;
}

std::string Pages::build(std::string_view path) const {
  const bool json = path == "/json";
  const std::string body =
      json ? json_ : plain(std::strtoul(std::string(path.substr(3)).c_str(), nullptr, 10));
  const std::string length = std::to_string(body.size());
  std::string head = "HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\n";
  head += json ? "Content-Type: application/json\r\n" : "Content-Type: text/plain\r\n";
  head += "Content-Length: " + length + "\r\n";
  head += "Last-Modified: Sun, 01 Nov 2026 12:00:00 GMT\r\nETag: \"6904d2c0-" + length + "\"\r\n";
  head += path.starts_with("/c/") ? "Cache-Control: public, max-age=3600\r\n"
                                  : "Cache-Control: no-store\r\n";
  head += "Vary: Accept-Encoding\r\n\r\n";
  return head + body;
}

std::string Pages::plain(size_t bytes) const {
  std::string body;
  body.reserve(bytes + filler_.size());
  while (body.size() < bytes) body += filler_;
  body.resize(bytes);
  return body;
}

}  // namespace bench
