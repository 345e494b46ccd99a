// SPDX-License-Identifier: Apache-2.0
#include "serve/log_target.hpp"

#include "base/log.hpp"
#include "base/log_channels.hpp"
#include "base/result.hpp"
#include "conf/model.hpp"

namespace weir {

Result<bool> apply_log(const conf::Log& wanted) {
  const LogFormat format = wanted.json ? LogFormat::json : LogFormat::text;
  Log& log = Log::instance();
  if (wanted.file.empty()) {
    log.set_channel(stderr_channel(format));
  } else {
    const auto channel = file_channel(wanted.file, format);
    if (!channel) return channel.error();
    log.set_channel(*channel);
  }
  log.set_level(wanted.level);
  return true;
}

}  // namespace weir
