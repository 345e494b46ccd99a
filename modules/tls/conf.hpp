// SPDX-License-Identifier: Apache-2.0
//
// What can be told to tls. Some keys are for listeners, some for upstreams, most for both.
#pragma once

#include <weir/types.hpp>

#include <cstdint>

enum class Preset : uint32_t { intermediate, modern };
enum class Version : uint32_t { preset, tls12, tls13 };
enum class ClientVerify : uint32_t { off, optional, require };

struct Conf {
  // Both sides.
  weir::List<weir::File> certificate;
  weir::List<weir::File> key;
  weir::Choice<Preset> preset;
  weir::Choice<Version> min_version;
  weir::List<weir::Text> ciphers;
  weir::List<weir::Text> curves;
  weir::File key_log;
  weir::Duration watch;
  // Listeners.
  weir::List<weir::File> ocsp;
  weir::Bool tickets;
  weir::File ticket_keys;
  weir::Duration ticket_lifetime;
  weir::Choice<ClientVerify> client_verify;
  weir::File client_ca;
  weir::File client_crl;
  int64_t client_depth;
  weir::List<weir::Text> client_hosts;
  // Upstreams.
  weir::Bool verify;
  weir::File ca;
  weir::Text server_name;
};
