// SPDX-License-Identifier: Apache-2.0
//
// Chunked framing around queued bytes, without copying them.
//
// Thread: the owner of the queues.
#pragma once

#include "base/body.hpp"
#include "http/fields.hpp"

namespace weir {

// Moves all of `from` to `out` as one chunk; `last` adds the end of the body with its trailers.
void send_chunk(Body& out, Body& from, bool last, const Fields* trailers = nullptr);

}  // namespace weir
