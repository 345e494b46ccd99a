// SPDX-License-Identifier: Apache-2.0
//
// A filter that does not start on a loop while there is a certain file, which it takes away.
#include <weir/module.hpp>

#include <stdexcept>
#include <string>

#include <unistd.h>

namespace {

struct FailsOnce {
  static constexpr auto name = "fails_once";
  static constexpr auto doc = "Does not start while there is a file.";

  struct Conf {
    weir::Text path;
  };
  static constexpr weir_key keys[] = {WEIR_KEY(Conf, path, "\"\"", "The file.", 0)};

  struct State {
    State(weir::Worker, const Conf& conf) {
      if (::unlink(std::string(conf.path).c_str()) == 0) throw std::runtime_error("once");
    }
  };

  weir::Verdict request(weir::Exchange) { return weir::Verdict::next; }
};

}  // namespace

WEIR_MODULE("fails_once", "1.0", "Apache-2.0", FailsOnce)
