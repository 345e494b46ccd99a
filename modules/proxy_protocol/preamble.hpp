// SPDX-License-Identifier: Apache-2.0
//
// The preamble of a connection that says whom a proxy speaks for: version 1, a line of text, and
// version 2, binary (PROXY protocol, https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt).
#pragma once

#include <weir/module.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

inline constexpr size_t longest_preamble = 536;  // a longer one is refused

struct Preamble {
  enum class State : uint8_t { more, complete, refused } state = State::more;
  size_t size = 0;                       // of it, when complete
  const char* wrong = nullptr;           // when refused, in words
  uint32_t version = 0;                  // 1 or 2
  weir_address source{}, destination{};  // family 0: the proxy speaks for itself, or does not know
  std::string_view details;              // TLVs of version 2
};

// Looks at the first bytes of a connection. `more`: so far they are the beginning of one.
Preamble read_preamble(std::string_view bytes);

// What a TLV says, empty: it is not there. Types as in the protocol.
enum class Detail : uint8_t {
  alpn = 0x01,
  authority = 0x02,
  crc32c = 0x03,
  unique_id = 0x05,
  tls = 0x20,
  tls_version = 0x21,  // these within `tls`
  tls_common_name = 0x22,
  tls_cipher = 0x23
};
std::string_view detail(std::string_view details, Detail wanted);

// Writes one for these ends; how many bytes it takes. `source.family` 0: for nobody.
size_t write_preamble(uint32_t version, const weir_address& source, const weir_address& destination,
                      std::span<char, longest_preamble> out);
