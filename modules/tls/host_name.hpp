// SPDX-License-Identifier: Apache-2.0
//
// Names of hosts as they stand in certificates and in SNI, and which covers which (RFC 6125, RFC
// 6066). No library; for tests without one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

// Lower case; absent when it is none: longer than 253 bytes, an empty label, or a byte that is no
// letter, digit, '-', '_' or '.'. A leading "*." is let through where `wildcard` says so.
std::optional<std::string> host_name(std::string_view text, bool wildcard = false);

// What stands in the place of `name` in a certificate that covers all names beside it:
// "*.example.com" for "www.example.com"; empty where there is none.
std::string wildcard_of(std::string_view name);

// Whether a name of a certificate covers this host; a wildcard covers one label. Both in lower
// case.
bool covers(std::string_view certified, std::string_view host);

// The name that a ClientHello's server_name extension asks for: as host_name(), empty when the
// extension names no host; absent when it is malformed.
std::optional<std::string> server_name_of(std::string_view extension);
