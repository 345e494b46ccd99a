// SPDX-License-Identifier: Apache-2.0
//
// The keys that session tickets are sealed with. The first seals; all open. They are random and
// change every twelve hours, or are those of a file that several machines share.
//
// Thread: any.
#pragma once

#include "openssl.hpp"
#include "published.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

struct TicketKey {
  static constexpr size_t size = 80;  // of its parts, in this order
  std::array<unsigned char, 16> name;
  std::array<unsigned char, 32> mac;     // HMAC with SHA-256
  std::array<unsigned char, 32> cipher;  // AES-256 in CBC mode

  static TicketKey random();
};

// Wiped when it ends.
class TicketRing {
 public:
  explicit TicketRing(std::vector<TicketKey> keys) : keys_(std::move(keys)) {}
  ~TicketRing();
  TicketRing(const TicketRing&) = delete;
  TicketRing& operator=(const TicketRing&) = delete;

  const std::vector<TicketKey>& keys() const { return keys_; }

  // Of a file of 1 to 8 keys of 80 bytes; throws BadFile, also where others may read it.
  static std::shared_ptr<const TicketRing> read(const std::string& path);

 private:
  std::vector<TicketKey> keys_;
};

class TicketKeys {
 public:
  using Clock = std::chrono::system_clock;  // goes on while the machine sleeps
  static constexpr auto rotation = std::chrono::hours{12};
  static constexpr size_t kept = 3;  // the one that seals and two that only open

  explicit TicketKeys(Clock::time_point now);
  explicit TicketKeys(std::shared_ptr<const TicketRing> shared);

  // A new key in front when the first has sealed for long enough, or the clock went back; does
  // nothing to those of a file.
  void rotate(Clock::time_point now);
  void replace(std::shared_ptr<const TicketRing> shared) { ring_.set(std::move(shared)); }

  // What SSL_CTX_set_tlsext_ticket_key_evp_cb(3) asks for: 1 done, 2 done and a new ticket is due,
  // 0 no such key, -1 failed.
  int seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const;
  int open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
           EVP_MAC_CTX* mac) const;

  std::shared_ptr<const TicketRing> ring() const { return ring_.get(); }

 private:
  Published<TicketRing> ring_;
  std::mutex rotating_;  // generations that share the keys each see to it
  Clock::time_point made_;
  bool own_;
};
