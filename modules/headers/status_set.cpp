// SPDX-License-Identifier: Apache-2.0
#include "status_set.hpp"

#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <system_error>

namespace {

struct Range {
  size_t from, to;
};

std::optional<size_t> number(std::string_view text) {
  size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.size() != 3 || error != std::errc{} || end != text.data() + 3) return std::nullopt;
  return value;
}

std::optional<Range> range(std::string_view text) {
  if (text.size() == 3 && text.substr(1) == "xx" && text[0] >= '0' && text[0] <= '9') {
    const auto hundred = static_cast<size_t>(text[0] - '0') * 100;
    return Range{hundred, hundred + 99};
  }
  const auto from = number(text.substr(0, 3));
  if (text.size() == 3 && from) return Range{*from, *from};
  if (text.size() != 7 || text[3] != '-') return std::nullopt;
  const auto to = number(text.substr(4));
  if (!from || !to || *from > *to) return std::nullopt;
  return Range{*from, *to};
}

}  // namespace

bool StatusSet::add(std::string_view text) {
  const auto found = range(text);
  if (!found || found->from < first || found->to >= first + set_.size()) return false;
  for (size_t status = found->from; status <= found->to; ++status) set_.set(status - first);
  return true;
}

bool StatusSet::has(int status) const {
  const auto at = static_cast<size_t>(status) - first;
  return at < set_.size() && set_.test(at);
}
