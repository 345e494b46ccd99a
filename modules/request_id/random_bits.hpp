// SPDX-License-Identifier: Apache-2.0
//
// Random bits for names that must not collide and need not be secret: xoshiro256**, seeded once by
// the kernel's generator, so that a request costs no system call. One per loop; not for keys.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <stdexcept>

#include <sys/random.h>

class RandomBits {
 public:
  using Seed = std::array<uint64_t, 4>;

  RandomBits() : RandomBits(fresh_seed()) {}
  explicit RandomBits(const Seed& seed) : state_(seed) {}

  uint64_t next() {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // 0 to 1, without 1.
  double share() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  static Seed fresh_seed() {
    Seed seed{};
    if (getrandom(seed.data(), sizeof seed, 0) != static_cast<ssize_t>(sizeof seed)) {
      throw std::runtime_error("getrandom gave no seed");
    }
    return seed;
  }

  Seed state_;
};
