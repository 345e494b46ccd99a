// SPDX-License-Identifier: Apache-2.0
//
// The secrets of connections in the form that Wireshark reads (NSS key log), for finding faults.
#pragma once

#include "openssl.hpp"

#include <memory>
#include <string>

class KeyLog {
 public:
  // Adds to the file, made with mode 0600. Throws BadFile.
  explicit KeyLog(const std::string& path);
  ~KeyLog();
  KeyLog(const KeyLog&) = delete;
  KeyLog& operator=(const KeyLog&) = delete;

  // From here on connections of `context` are written; `log` outlives them.
  static void attach(SSL_CTX* context, const KeyLog* log);

 private:
  void write(std::string line) const;

  int fd_;
};
