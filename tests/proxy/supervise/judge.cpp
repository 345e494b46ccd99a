// SPDX-License-Identifier: Apache-2.0
//
// A handler whose configuration lasts as long as there is a certain file, and that starts in one
// process alone: in the one that takes another file away. Who waits writes its process id into the
// file.
#include <weir/module.hpp>

#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace {

void tell_that_it_waits(const std::string& file) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (descriptor < 0) return;
  const std::string pid = std::to_string(::getpid());
  if (::write(descriptor, pid.data(), pid.size()) < 0) std::abort();
  ::close(descriptor);
}

struct Judge {
  static constexpr auto name = "judge";
  static constexpr auto doc = "Holds, or refuses, a reload.";
  static constexpr auto kind = weir::Kind::handler;

  struct Conf {
    weir::Text says, waits, once;
  };
  static constexpr weir_key keys[] = {
      WEIR_KEY(Conf, says, "\"\"", "The answer.", 0),
      WEIR_KEY(Conf, waits, "\"\"", "The file that must go before it is configured.", 0),
      WEIR_KEY(Conf, once, "\"\"", "The file that it takes away, or does not start.", 0),
  };

  struct Instance {
    Instance(weir::Setup&, const Conf& conf) : once(conf.once) {
      const std::string waits(conf.waits);
      if (!waits.empty()) tell_that_it_waits(waits);
      while (!waits.empty() && ::access(waits.c_str(), F_OK) == 0) ::usleep(1000);
    }
    bool start() const { return once.empty() || ::unlink(once.c_str()) == 0; }
    std::string once;
  };

  weir::Verdict request(weir::Exchange exchange, const Conf& conf) {
    return exchange.respond(200, conf.says);
  }
};

}  // namespace

WEIR_MODULE("judge", "1.0", "Apache-2.0", Judge)
