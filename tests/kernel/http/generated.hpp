// SPDX-License-Identifier: Apache-2.0
//
// Messages made at random: mostly well formed, so that they reach deep, and sometimes broken by one
// byte, so that every refusal is met at every place.
#pragma once

#include "http/seeded.hpp"

#include <array>
#include <set>
#include <string>
#include <string_view>

namespace weir::test {

class Messages {
 public:
  explicit Messages(Seeded& random) : random_(random) {}

  std::string request() {
    std::string text = pick("GET", "POST", "OPTIONS", "PURGE") + " " + target() + " HTTP/1." +
                       pick("1", "1", "1", "0") +
                       "\r\nHost: " + pick("a", "A.b:80", "[::1]", "b.") + "\r\n";
    return text + rest();
  }

  std::string response() {
    return "HTTP/1." + pick("1", "1", "0") + " " + pick("200", "404", "204", "304", "103", "599") +
           pick(" OK", " ", "", " Not \tFound") + "\r\n" + rest();
  }

  // One byte more, less or other than it should be, or none.
  std::string mutated(std::string text) {
    constexpr std::string_view hard{"\r\n\0 \t:;,%/\"\x01\x7f\xff", 15};
    for (size_t n = random_.below(3); n > 0; --n) {
      const size_t at = random_.below(text.size());
      const char c = hard[random_.below(hard.size())];
      switch (random_.below(3)) {
        case 0:
          text[at] = c;
          break;
        case 1:
          text.insert(at, 1, c);
          break;
        default:
          text.erase(at, 1);
      }
    }
    return text;
  }

  std::set<size_t> cuts(size_t size) {
    std::set<size_t> places;
    for (size_t n = random_.below(8); n > 0; --n) places.insert(random_.below(size + 1));
    return places;
  }

 private:
  template <class... Texts>
  std::string pick(Texts... texts) {
    const std::array<std::string, sizeof...(texts)> all{texts...};
    return all[random_.below(all.size())];
  }

  std::string target() {
    std::string path = "/";
    for (size_t n = random_.below(6); n > 0; --n)
      path += pick("a", "%41", "/", ".", "..", "%2e", "b/", ";", "%e9");
    return pick("", "", "", "http://a") + path + pick("", "?", "?x=%zz&y");
  }

  std::string field() {
    return pick("Accept", "x-odd_name", "Cookie", "Via", "X", "Connection", "Content-Type", "TE",
                "Expect") +
           pick(": ", ":", ":\t") +
           pick("", "a", "a; b", "close", "keep-alive, x", "100-continue", "\xc3\xa9 z",
                "trailers") +
           pick("", "", " ") + "\r\n";
  }

  std::string chunks() {
    std::string text;
    for (size_t n = random_.below(4); n > 0; --n) {
      const std::string data = random_.bytes(15);
      if (data.empty()) continue;
      text += std::string{"0123456789abcdeF"[data.size()]} + pick("", "", ";a", ";a=\"b\\\"\"; c") +
              "\r\n" + data + "\r\n";
    }
    return text + "0\r\n" + pick("", "", "X-Sum: 1\r\n", "Host: a\r\nE:\r\n") + "\r\n";
  }

  std::string rest() {
    std::string text;
    for (size_t n = random_.below(6); n > 0; --n) text += field();
    switch (random_.below(3)) {
      case 0:
        return text + "\r\n";
      case 1: {
        const std::string body = random_.bytes(40);
        return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
      }
      default:
        return text + "Transfer-Encoding: chunked\r\n\r\n" + chunks();
    }
  }

  Seeded& random_;
};

}  // namespace weir::test
