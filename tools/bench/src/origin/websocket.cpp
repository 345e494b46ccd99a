// SPDX-License-Identifier: Apache-2.0
#include "websocket.hpp"

#include <cstdint>

namespace bench {

namespace {

constexpr unsigned char mask_bit = 0x80;

struct Frame {
  size_t head = 0;  // bytes before mask and payload
  size_t mask = 0;  // bytes of the mask: 4 or none
  uint64_t payload = 0;
};

// RFC 6455, 5.2; false: the frame's head is not there yet.
bool read_head(const unsigned char* bytes, size_t size, Frame& frame) {
  if (size < 2) return false;
  const unsigned code = bytes[1] & 127U;
  const size_t extra = code == 127 ? 8 : code == 126 ? 2 : 0;
  frame.head = 2 + extra;
  frame.mask = (bytes[1] & mask_bit) != 0 ? 4 : 0;
  frame.payload = code;
  if (extra == 0) return true;
  if (size < frame.head) return false;
  frame.payload = 0;
  for (size_t i = 2; i < frame.head; ++i) frame.payload = frame.payload << 8 | bytes[i];
  return true;
}

void unmask(const unsigned char* mask, unsigned char* payload, uint64_t size) {
  if ((mask[0] | mask[1] | mask[2] | mask[3]) == 0) return;
  for (uint64_t i = 0; i < size; ++i) payload[i] ^= mask[i & 3];
}

}  // namespace

size_t echo_frames(unsigned char* bytes, size_t size, std::string& out) {
  size_t used = 0;
  Frame frame;
  while (read_head(bytes + used, size - used, frame)) {
    const size_t payload_at = frame.head + frame.mask;
    if (size - used < payload_at + frame.payload) break;
    unsigned char* const start = bytes + used;
    unsigned char* const payload = start + payload_at;
    if (frame.mask != 0) unmask(start + frame.head, payload, frame.payload);
    out.push_back(static_cast<char>(start[0]));
    out.push_back(static_cast<char>(start[1] & ~mask_bit));
    out.append(reinterpret_cast<char*>(start) + 2, frame.head - 2);
    out.append(reinterpret_cast<char*>(payload), frame.payload);
    used += payload_at + frame.payload;
  }
  return used;
}

}  // namespace bench
