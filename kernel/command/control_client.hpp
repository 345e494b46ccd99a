// SPDX-License-Identifier: Apache-2.0
//
// Asks the weir that runs, over its control socket.
//
// Thread: main.
#pragma once

#include "command/arguments.hpp"

#include <string>

namespace weir {

// Options of every command that asks: -c FILE, whose [server] control says where the socket is, or
// --control PATH.
inline constexpr Option control_options[] = {{"config", 'c', "FILE"}, {"control", 0, "PATH"}};

struct ControlAnswer {
  int status = 0;    // of HTTP; 0: nobody answered, and `text` says why
  std::string body;  // JSON, as sent
  std::string text;  // its "text" or "error"
};

// Waits as long as it takes; a reload may load modules and look names up.
ControlAnswer ask_control(const Arguments& arguments, const std::string& method,
                          const std::string& path);

// Prints the text of an order's answer; the exit status: 0, 1 refused, 2 nobody answered.
int finish_order(const ControlAnswer& answer, const std::string& success);

}  // namespace weir
