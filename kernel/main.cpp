// SPDX-License-Identifier: Apache-2.0
//
// The weir executable: hands the command line over.
#include "command/command.hpp"

int main(int count, char** arguments) {
  if (count < 1) return weir::wrong_use;
  return weir::run_weir({arguments + 1, arguments + count});
}
