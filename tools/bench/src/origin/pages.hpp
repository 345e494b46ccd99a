// SPDX-License-Identifier: Apache-2.0
//
// The responses of the origin, each built once, head and body in one text:
//   /s/BYTES   a body of that many bytes, Cache-Control: no-store
//   /c/BYTES   the same, to be cached for an hour
//   /json      64 KiB of JSON, which compresses about as real JSON does
// Any other path is taken for /s/1024.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace bench {

class Pages {
 public:
  Pages();

  // The whole response to a request for `target`; it stays where it is for the life of this.
  const std::string& find(std::string_view target);

 private:
  std::string filler_;
  std::string json_;
  std::map<std::string, std::string, std::less<>> built_;

  std::string build(std::string_view path) const;
  std::string plain(size_t bytes) const;
};

}  // namespace bench
