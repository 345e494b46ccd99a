// SPDX-License-Identifier: Apache-2.0
#include "tickets.hpp"

#include "openssl.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/types.h>
#include <sys/stat.h>

namespace {

constexpr size_t most_keys = 8;
constexpr int failed = -1;
constexpr int unknown = 0;
constexpr int done = 1;
constexpr int renew = 2;

// Fetched once: to look an algorithm up by its name at every handshake takes a lock.
const EVP_CIPHER* cipher_of_tickets() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
  return cipher;
}

template <size_t Size>
void take(std::string_view& from, std::array<unsigned char, Size>& into) {
  std::copy_n(from.begin(), Size, into.begin());
  from.remove_prefix(Size);
}

bool set_mac(EVP_MAC_CTX* mac, const TicketKey& key) {
  char digest[] = "SHA256";
  auto secret = key.mac;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret.data(), secret.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  const bool set = EVP_MAC_CTX_set_params(mac, params) == 1;
  OPENSSL_cleanse(secret.data(), secret.size());
  return set;
}

}  // namespace

TicketKey TicketKey::random() {
  TicketKey key{};
  const bool filled = RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) == 1 &&
                      RAND_priv_bytes(key.mac.data(), static_cast<int>(key.mac.size())) == 1 &&
                      RAND_priv_bytes(key.cipher.data(), static_cast<int>(key.cipher.size())) == 1;
  if (!filled) throw BadFile{"no random bytes for ticket keys: " + openssl_reason()};
  return key;
}

TicketRing::~TicketRing() { OPENSSL_cleanse(keys_.data(), keys_.size() * sizeof(TicketKey)); }

std::shared_ptr<const TicketRing> TicketRing::read(const std::string& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) throw BadFile{path + ": " + std::strerror(errno)};
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw BadFile{path + ": others than its owner may use it; chmod 600 it"};
  }
  std::string bytes = read_file(path);
  const size_t count = bytes.size() / TicketKey::size;
  if (count == 0 || count > most_keys || bytes.size() % TicketKey::size != 0) {
    throw BadFile{path + ": expected 1 to 8 keys of 80 random bytes, found " +
                  std::to_string(bytes.size()) + " bytes"};
  }
  std::vector<TicketKey> keys(count);
  std::string_view rest = bytes;
  for (auto& key : keys) {
    take(rest, key.name);
    take(rest, key.mac);
    take(rest, key.cipher);
  }
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return std::make_shared<const TicketRing>(std::move(keys));
}

TicketKeys::TicketKeys(Clock::time_point now)
    : ring_(std::make_shared<const TicketRing>(std::vector{TicketKey::random()})),
      made_(now),
      own_(true) {}

TicketKeys::TicketKeys(std::shared_ptr<const TicketRing> shared)
    : ring_(std::move(shared)), own_(false) {}

void TicketKeys::rotate(Clock::time_point now) {
  const std::lock_guard guard{rotating_};
  if (!own_ || (now >= made_ && now < made_ + rotation)) return;
  std::vector<TicketKey> keys{TicketKey::random()};
  const auto former = ring_.get();
  for (const auto& key : former->keys()) {
    if (keys.size() < kept) keys.push_back(key);
  }
  ring_.set(std::make_shared<const TicketRing>(std::move(keys)));
  made_ = now;
}

int TicketKeys::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac) const {
  const auto ring = ring_.get();
  const TicketKey& key = ring->keys().front();
  std::copy(key.name.begin(), key.name.end(), name);
  if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(cipher_of_tickets())) != 1) return failed;
  const bool set =
      EVP_EncryptInit_ex2(cipher, cipher_of_tickets(), key.cipher.data(), iv, nullptr) == 1 &&
      set_mac(mac, key);
  return set ? done : failed;
}

int TicketKeys::open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac) const {
  const auto ring = ring_.get();
  const auto& keys = ring->keys();
  const auto key = std::find_if(keys.begin(), keys.end(), [name](const TicketKey& each) {
    return CRYPTO_memcmp(each.name.data(), name, each.name.size()) == 0;
  });
  if (key == keys.end()) return unknown;
  const bool set = set_mac(mac, *key) && EVP_DecryptInit_ex2(cipher, cipher_of_tickets(),
                                                             key->cipher.data(), iv, nullptr) == 1;
  if (!set) return failed;
  return key == keys.begin() ? done : renew;
}
