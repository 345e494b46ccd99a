// SPDX-License-Identifier: Apache-2.0
#include "contents.hpp"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <string>
#include <system_error>

const char* read_contents(const std::string& path, std::string& to) {
  // A FIFO or device would hold up the reading for ever.
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return "no such file";
  std::ifstream file{path, std::ios::binary};
  if (!file) return "the file cannot be opened";
  to.resize(most_contents + 1);
  file.read(to.data(), static_cast<std::streamsize>(to.size()));
  if (file.bad()) return "the file cannot be read";
  to.resize(static_cast<size_t>(file.gcount()));
  return to.size() > most_contents ? "larger than 1 MiB" : nullptr;
}
