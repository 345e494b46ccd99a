// SPDX-License-Identifier: Apache-2.0
#include "chain/request_words.hpp"

#include <weir/module.h>

#include "chain/exchange.hpp"
#include "crash/handler.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace weir {
namespace {

// Both the view and what it shows may be torn.
template <size_t Size>
void read_text(std::array<char, Size>& to, const std::string_view& from) {
  std::string_view view;
  if (!read_safely(&view, &from, sizeof(std::string_view)) || view.data() == nullptr) return;
  if (!read_safely(to.data(), view.data(), std::min(view.size(), Size - 1))) to.fill('\0');
}

}  // namespace

void read_exchange(const void* exchange, RequestWords& words) {
  // Addresses of members only; what lies there is read by the system.
  const auto& known = *static_cast<const Exchange*>(exchange);
  weir_ref ref = 0;
  if (read_safely(&ref, &known.ref(), sizeof ref)) words.ref = ref;
  read_text(words.id, known.request_id);
  read_text(words.method, known.request().method);
  read_text(words.path, known.request().path);
}

}  // namespace weir
