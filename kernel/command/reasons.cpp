// SPDX-License-Identifier: Apache-2.0
#include "command/reasons.hpp"

#include "http/refusals.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace weir {
namespace {

// Beyond the refusals of messages, which bring their own sentences.
constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kernel_reasons{{
    {"no_route", "no route fits the request"},
    {"no_target", "the route has no upstream, and no filter answered"},
    {"loop", "the request has passed this weir before"},
    {"reroutes", "filters changed the route too often"},
    {"module_fault", "a module failed, and its on_fault says not to go on without it"},
    {"exchange_memory", "the exchange needs more memory than it may have"},
    {"body_large", "the body is larger than max_body allows"},
    {"no_endpoint", "no endpoint can be asked"},
    {"connect_failed", "no endpoint could be reached"},
    {"handshake_failed", "a transport of the upstream, such as tls, could not shake hands"},
    {"misdirected", "the connection is not for this host: another certificate or policy is"},
    {"head_timeout", "the request's head took too long"},
    {"body_timeout", "the request's body took too long"},
    {"overload", "the process has more to do than it can, see Overload in the manual"},
    {"body_slow", "the request's body came too slowly"},
}};

}  // namespace

std::string_view meaning_of(std::string_view reason) {
  for (const auto& [word, meaning] : kernel_reasons) {
    if (word == reason) return meaning;
  }
  for (const RefusalRow& row : refusals) {
    if (row.reason == reason) return row.meaning;
  }
  return {};
}

}  // namespace weir
