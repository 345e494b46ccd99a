// SPDX-License-Identifier: Apache-2.0
#include "openssl.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <openssl/types.h>
#include <openssl/x509.h>
#include <stdio.h>  // NOLINT(modernize-deprecated-headers): fdopen
#include <sys/stat.h>
#include <unistd.h>

namespace {

struct Closed {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// What the peer says arrives as "tlsv1 alert unknown ca" or "sslv3 alert bad certificate".
std::string plain(std::string_view reason) {
  constexpr std::string_view mark = " alert ";
  const auto at = reason.find(mark);
  if (at == std::string_view::npos || reason.find(' ') != at) return std::string{reason};
  return "the other end says: " + std::string{reason.substr(at + mark.size())};
}

using FilePtr = std::unique_ptr<std::FILE, Closed>;

// Does not wait, as opening a FIFO does for one who writes.
FilePtr open_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) throw BadFile{path + ": " + std::strerror(errno)};
  FilePtr file{fdopen(fd, "r")};
  struct stat found {};
  if (!file) {
    close(fd);
    throw BadFile{path + ": " + std::strerror(ENOMEM)};
  }
  if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) {
    throw BadFile{path + ": is no regular file"};
  }
  return file;
}

std::string reason_of(unsigned long code) {
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST) {
    return "plain HTTP, where TLS is spoken";
  }
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const char* const text = ERR_reason_error_string(code);
  return text != nullptr ? plain(text) : "error " + std::to_string(code);
}

}  // namespace

std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  return code != 0 ? reason_of(code) : "the connection ended";
}

std::string handshake_reason(const SSL* ssl) {
  const unsigned long code = ERR_peek_error();
  const bool verify =
      ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED;
  std::string reason = openssl_reason();
  if (!verify) return reason;
  return "certificate refused: " +
         std::string{X509_verify_cert_error_string(SSL_get_verify_result(ssl))};
}

std::string read_file(const std::string& path, size_t limit) {
  const auto file = open_file(path);
  std::string text;
  char part[16384];
  size_t n = sizeof part;
  while (n == sizeof part) {
    n = std::fread(part, 1, sizeof part, file.get());
    text.append(part, n);
    if (text.size() > limit) throw BadFile{path + ": longer than such a file can be"};
  }
  if (std::ferror(file.get()) != 0) throw BadFile{path + ": cannot be read"};
  return text;
}
