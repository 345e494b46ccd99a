// SPDX-License-Identifier: Apache-2.0
//
// The 65 inputs of appendix A, from tests/hostile/, where the end-to-end test reads them too.
#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace weir::test {

struct HostileInput {
  std::string file;
  uint16_t status;
  std::string reason;
  std::string group;  // "framing" or "head"
  std::string bytes;
};

// Relative to the root of the tree, where tests run.
inline std::string read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file)
    throw std::runtime_error{"cannot read " + path + "; tests run from the root of the tree"};
  return {std::istreambuf_iterator<char>{file}, {}};
}

inline std::vector<HostileInput> appendix_a() {
  const std::string folder = "tests/hostile/";
  std::istringstream index{read_file(folder + "index.tsv")};
  std::vector<HostileInput> inputs;
  for (std::string line; std::getline(index, line);) {
    if (line.starts_with('#')) continue;
    HostileInput input{};
    std::istringstream{line} >> input.file >> input.status >> input.reason >> input.group;
    input.bytes = read_file(folder + input.file);
    inputs.push_back(std::move(input));
  }
  return inputs;
}

}  // namespace weir::test
