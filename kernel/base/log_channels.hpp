// SPDX-License-Identifier: Apache-2.0
//
// Where the error log's lines go: standard error or a file, as text or JSON.
//
//   2026-11-25T09:00:00.123Z warn   cannot reach 10.0.0.1:80: connection refused
//   {"time":"2026-11-25T09:00:00.123Z","level":"warn","message":"cannot reach ..."}
//
// A line is one write. Where the reader does not keep up or the disk is full, lines are lost rather
// than waited for; the next one that gets through says how many. Poco's FileChannel does neither
// and cannot be told to open its file anew.
//
// Thread: as Log, which calls one at a time.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>

#include <Poco/AutoPtr.h>
#include <Poco/Channel.h>

namespace weir {

enum class LogFormat : uint8_t { text, json };

Poco::AutoPtr<Poco::Channel> stderr_channel(LogFormat format = LogFormat::text);

// Appends to the file, which is made with mode 0640 when missing. Opening it anew keeps the old one
// when that fails.
Result<Poco::AutoPtr<Poco::Channel>> file_channel(const std::string& path,
                                                  LogFormat format = LogFormat::text);

// For who may not wait for a lock: the file of the channel that was made last, -1 where there is
// none, and whether the channel writes JSON. [any, async-signal-safe]
int log_file_descriptor();
bool log_is_json();

}  // namespace weir
