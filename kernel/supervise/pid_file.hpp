// SPDX-License-Identifier: Apache-2.0
//
// The file that tells scripts which process to send signals to.
//
// Written once serving has begun, so that a second weir that finds its ports in use leaves the file
// of the first alone.
//
// Thread: control.
#pragma once

#include <string>

namespace weir {

class PidFile {
 public:
  // Empty: none is wanted.
  explicit PidFile(std::string path) : path_(std::move(path)) {}

  // This process's number; false, and the reason in the log, when it cannot be written.
  bool write();
  // Unless another process wrote it since.
  void remove();
  // Another process writes it next, and it is that one's.
  void leave() { written_ = false; }

 private:
  std::string path_;
  bool written_ = false;
};

}  // namespace weir
