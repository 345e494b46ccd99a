// SPDX-License-Identifier: Apache-2.0
//
// The weir executable: hands the command line over.
#include "command/command.hpp"

int main(int count, char** arguments) {
  return weir::run_command({arguments + 1, arguments + count});
}
