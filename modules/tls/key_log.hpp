// SPDX-License-Identifier: Apache-2.0
//
// The secrets of connections in the form that Wireshark reads (NSS key log), for finding faults.
#pragma once

#include "openssl.hpp"

#include <memory>
#include <string>

class KeyLog {
 public:
  // From here on connections of `context` are written to the file, made with mode 0600; `log`
  // outlives them. An empty path: none are. False: the file cannot be written, as the log says.
  static bool begin(SSL_CTX* context, const std::string& path, std::unique_ptr<KeyLog>& log);

  // Adds to the file. Throws BadFile.
  explicit KeyLog(const std::string& path);
  ~KeyLog();
  KeyLog(const KeyLog&) = delete;
  KeyLog& operator=(const KeyLog&) = delete;

 private:
  static void attach(SSL_CTX* context, const KeyLog* log);
  void write(std::string line) const;

  int fd_;
};
