// SPDX-License-Identifier: Apache-2.0
//
// The lines of one loop that wait to be written. Two blocks take turns, one being filled while the
// other is on its way to the disk; when both are full, further lines are dropped and counted, since
// a proxy must not wait for its log. Both blocks are made once.
//
// Thread: its loop.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

class LineBuffer {
 public:
  // `room` bytes in all.
  explicit LineBuffer(size_t room) : room_(room / 2) {
    filling_.reserve(room_);
    spare_.reserve(room_);
  }

  // False: there was no room, and the line is lost.
  bool add(std::string_view line) {
    if (filling_.size() + line.size() > room_) return false;
    filling_.append(line);
    return true;
  }

  bool empty() const { return filling_.empty(); }
  // Time to write, so that the block is away before the next line finds no room.
  bool filled() const { return filling_.size() >= room_ / 2; }

  std::string take() { return std::exchange(filling_, std::move(spare_)); }
  // What was taken just now and could not be sent off.
  void put_back(std::string block) { spare_ = std::exchange(filling_, std::move(block)); }
  // A block that was written.
  void give_back(std::string block) {
    block.clear();
    spare_ = std::move(block);
  }

 private:
  size_t room_;
  std::string filling_;
  std::string spare_;
};
