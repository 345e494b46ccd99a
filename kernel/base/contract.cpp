// SPDX-License-Identifier: Apache-2.0
#include "base/contract.hpp"

#include <cstdio>
#include <cstdlib>
#include <source_location>

#include <unistd.h>

namespace weir {

void contract_broken(const char* what, std::source_location where) noexcept {
  char line[256];
  const int length = std::snprintf(line, sizeof line, "weir: broken contract: %s, %s:%u in %s\n",
                                   what, where.file_name(), where.line(), where.function_name());
  const auto size =
      static_cast<size_t>(length) < sizeof line ? static_cast<size_t>(length) : sizeof line - 1;
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line, size);
  std::abort();
}

}  // namespace weir
