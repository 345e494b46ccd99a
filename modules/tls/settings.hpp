// SPDX-License-Identifier: Apache-2.0
//
// Versions, ciphers and curves: the presets of Mozilla's guidelines for servers
// (https://ssl-config.mozilla.org), and what a file says instead.
#pragma once

#include "conf.hpp"
#include "openssl.hpp"

#include <string>

// What is wrong with the keys that say so; key is empty when nothing is.
struct SettingFault {
  std::string key, text, hint;
};

// Sets all that both sides share. Gives the first fault.
SettingFault apply_settings(SSL_CTX* context, const Conf& conf);
