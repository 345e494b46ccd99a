// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE tls_tickets
#include "openssl.hpp"
#include "test_pki.hpp"
#include "tickets.hpp"

#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include <boost/test/unit_test.hpp>
#include <openssl/evp.h>

namespace {

using std::chrono::hours;

struct Contexts {
  std::unique_ptr<EVP_CIPHER_CTX, Released<EVP_CIPHER_CTX_free>> cipher{EVP_CIPHER_CTX_new()};
  std::unique_ptr<EVP_MAC, Released<EVP_MAC_free>> algorithm{
      EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
  std::unique_ptr<EVP_MAC_CTX, Released<EVP_MAC_CTX_free>> mac{EVP_MAC_CTX_new(algorithm.get())};
};

struct Sealed {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, EVP_MAX_IV_LENGTH> iv{};
};

Sealed seal(const TicketKeys& keys) {
  Sealed sealed;
  const Contexts with;
  BOOST_TEST(keys.seal(sealed.name.data(), sealed.iv.data(), with.cipher.get(), with.mac.get()) ==
             1);
  return sealed;
}

int open(const TicketKeys& keys, const Sealed& sealed) {
  const Contexts with;
  return keys.open(sealed.name.data(), sealed.iv.data(), with.cipher.get(), with.mac.get());
}

std::string fault_of(const std::string& path) {
  try {
    TicketRing::read(path);
  } catch (const BadFile& fault) {
    return fault.what();
  }
  return "none";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ticket_keys)

BOOST_AUTO_TEST_CASE(change_every_twelve_hours_and_two_old_ones_open) {
  auto now = TicketKeys::Clock::now();
  TicketKeys keys{now};
  const auto first = seal(keys);
  BOOST_TEST(open(keys, first) == 1);
  keys.rotate(now + hours{11});
  BOOST_TEST(open(keys, first) == 1);
  keys.rotate(now += hours{12});
  BOOST_TEST(open(keys, first) == 2);  // and a new ticket is due
  keys.rotate(now += hours{12});
  BOOST_TEST(open(keys, first) == 2);
  keys.rotate(now += hours{12});
  BOOST_TEST(open(keys, first) == 0);
}

BOOST_AUTO_TEST_CASE(change_when_the_clock_goes_back) {
  const auto now = TicketKeys::Clock::now();
  TicketKeys keys{now};
  const auto first = seal(keys);
  keys.rotate(now - hours{1});
  BOOST_TEST(open(keys, first) == 2);
}

BOOST_AUTO_TEST_CASE(of_two_starts_are_not_the_same) {
  const auto now = TicketKeys::Clock::now();
  BOOST_TEST(open(TicketKeys{now}, seal(TicketKeys{now})) == 0);
}

BOOST_AUTO_TEST_CASE(of_a_file_are_shared_and_do_not_rotate) {
  const Folder folder;
  const auto path = folder.write("keys", std::string(80, 'a') + std::string(80, 'b'));
  TicketKeys one{TicketRing::read(path)};
  const TicketKeys other{TicketRing::read(path)};
  one.rotate(TicketKeys::Clock::now() + hours{100});
  BOOST_TEST(open(other, seal(one)) == 1);
  const TicketKeys former{TicketRing::read(folder.write("former", std::string(80, 'b')))};
  BOOST_TEST(open(other, seal(former)) == 2);
}

BOOST_AUTO_TEST_CASE(of_a_bad_file_are_refused) {
  const Folder folder;
  BOOST_TEST(fault_of("/nowhere/keys").find("No such file") != std::string::npos);
  BOOST_TEST(fault_of(folder.write("short", std::string(79, 'a'))).find("found 79 bytes") !=
             std::string::npos);
  BOOST_TEST(fault_of(folder.write("none", "")).find("found 0 bytes") != std::string::npos);
  BOOST_TEST(fault_of(folder.write("many", std::string(720, 'a'))).find("720") !=
             std::string::npos);
  const auto path = folder.write("open", std::string(80, 'a'));
  std::filesystem::permissions(path, std::filesystem::perms{0640});
  BOOST_TEST(fault_of(path).find("chmod 600") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
