// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include "conf.hpp"
#include "openssl.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/prov_ssl.h>
#include <openssl/ssl.h>
#include <openssl/types.h>

namespace {

// Mozilla's intermediate list without its finite field Diffie-Hellman, which costs a server much
// and which no client needs that speaks TLS 1.2 in earnest.
constexpr auto intermediate_ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr auto ciphers_of_tls13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr auto preset_curves = "X25519:P-256:P-384";

void append(std::string& list, std::string_view name) {
  if (!list.empty()) list.push_back(':');
  list += name;
}

int lowest_version(const Conf& conf) {
  const Version version = conf.min_version;
  if (version == Version::tls13) return TLS1_3_VERSION;
  const Preset preset = conf.preset;
  return version == Version::preset && preset == Preset::modern ? TLS1_3_VERSION : TLS1_2_VERSION;
}

bool is_newer(std::string_view name) { return name.starts_with("TLS_"); }

// Whether OpenSSL would use something of it: in a list it leaves out what it does not know.
bool is_known(SSL_CTX* context, const std::string& name) {
  // What takes away or sorts ("!MD5", "@STRENGTH") gives no list by itself.
  if (name.find_first_of("!-+@") == 0) return true;
  return is_newer(name) ? SSL_CTX_set_ciphersuites(context, name.c_str()) == 1
                        : SSL_CTX_set_cipher_list(context, name.c_str()) == 1;
}

// A name may be several, as OpenSSL's lists are.
std::vector<std::string> split(std::string_view names) {
  std::vector<std::string> parts;
  constexpr auto between = ":, ;";
  for (size_t at = names.find_first_not_of(between); at != names.npos;) {
    const size_t end = std::min(names.find_first_of(between, at), names.size());
    parts.emplace_back(names.substr(at, end - at));
    at = names.find_first_not_of(between, end);
  }
  return parts;
}

SettingFault set_ciphers(SSL_CTX* context, const Conf& conf) {
  constexpr auto hint =
      "`openssl ciphers -v` lists the names, such as \"ECDHE-ECDSA-AES128-GCM-SHA256\"";
  std::string older;
  std::string newer;
  for (const auto& names : conf.ciphers) {
    for (const auto& name : split(names.view())) {
      if (!is_known(context, name)) {
        openssl_reason();
        return {"ciphers", "OpenSSL knows no \"" + name + "\"", hint};
      }
      append(is_newer(name) ? newer : older, name);
    }
  }
  const bool set =
      SSL_CTX_set_cipher_list(context, older.empty() ? intermediate_ciphers : older.c_str()) == 1 &&
      SSL_CTX_set_ciphersuites(context, newer.empty() ? ciphers_of_tls13 : newer.c_str()) == 1;
  if (set) return {};
  return {"ciphers", openssl_reason() + ": OpenSSL knows no such list", hint};
}

SettingFault set_curves(SSL_CTX* context, const Conf& conf) {
  std::string list;
  for (const auto& name : conf.curves) append(list, name);
  if (SSL_CTX_set1_groups_list(context, list.empty() ? preset_curves : list.c_str()) == 1) {
    return {};
  }
  openssl_reason();
  return {"curves", "OpenSSL does not know one of them", R"(such as "X25519", "P-256" or "P-384")"};
}

}  // namespace

SettingFault apply_settings(SSL_CTX* context, const Conf& conf) {
  SSL_CTX_set_min_proto_version(context, lowest_version(conf));
  SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_read_ahead(context, 0);
  if (auto fault = set_ciphers(context, conf); !fault.key.empty()) return fault;
  return set_curves(context, conf);
}
