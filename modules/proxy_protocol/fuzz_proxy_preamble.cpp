// SPDX-License-Identifier: Apache-2.0
//
// Preambles as foreign data: what is taken has the form that it says, and what is written for its
// ends is read as the same ends.
#include <weir/module.h>

#include "preamble.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string_view>

namespace {

void expects(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "expected: %s\n", what);
  std::abort();
}

bool same(const weir_address& a, const weir_address& b) {
  return a.family == b.family && a.port == b.port &&
         std::equal(std::begin(a.bytes), std::end(a.bytes), std::begin(b.bytes));
}

void write_and_read(const Preamble& from, uint32_t version) {
  std::array<char, longest_preamble> out;
  const size_t size = write_preamble(version, from.source, from.destination, out);
  const Preamble back = read_preamble({out.data(), size});
  expects(back.state == Preamble::State::complete && back.size == size, "our own form");
  if (from.source.family < 4) return;
  expects(same(back.source, from.source) && same(back.destination, from.destination),
          "the same ends");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const Preamble preamble = read_preamble(bytes);
  for (const auto which : {Detail::authority, Detail::tls_version, Detail::crc32c}) {
    static_cast<void>(detail(bytes, which));
    static_cast<void>(detail(preamble.details, which));
  }
  if (preamble.state != Preamble::State::complete) return 0;
  expects(preamble.size <= bytes.size() && preamble.size <= longest_preamble, "within the bytes");
  // The bytes before its end are only the beginning of one.
  expects(read_preamble(bytes.substr(0, preamble.size - 1)).state == Preamble::State::more,
          "not whole without its last byte");
  write_and_read(preamble, 1);
  write_and_read(preamble, 2);
  return 0;
}
