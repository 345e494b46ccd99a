// SPDX-License-Identifier: Apache-2.0
//
// Whom to believe: the certificates of authorities, with their lists of revoked ones. The system's
// bundle takes 84 ms and a MiB to read, so those who name the same files share one store.
#pragma once

#include "openssl.hpp"

#include <memory>
#include <string>

struct TrustFiles {
  std::string authorities;  // PEM; empty: those that the system trusts
  std::string revocations;  // PEM, a list of each authority in a chain; empty: none is asked
};

// Never changed once made. Throws BadFile when a file is missing, damaged, or holds none.
std::shared_ptr<X509_STORE> trust(const TrustFiles& files);

// The file that the system keeps its authorities in; throws BadFile when none is found.
std::string system_authorities();
