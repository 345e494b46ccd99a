// SPDX-License-Identifier: Apache-2.0
//
// probe: tells load balancers and orchestrators how the process is. The manual is README.md.
#include <weir/module.hpp>

#include <cstdint>
#include <string_view>

namespace {

weir::Header cache_control{"cache-control"};
weir::Header content_type{"content-type"};

enum class Asks : uint32_t { ready, live };
constexpr const char* asks_names[] = {"ready", "live", nullptr};

class Probe {
 public:
  static constexpr auto name = "probe";
  static constexpr auto doc = "Tells load balancers whether the process takes requests.";
  static constexpr auto kind = weir::Kind::handler;

  struct Conf {
    weir::Choice<Asks> asks;
  };
  static constexpr weir_key keys[] = {
      WEIR_KEY_CHOICE(Conf, asks, "ready",
                      "\"ready\": 200, or 503 once the process is about to end; \"live\": 200.", 0,
                      asks_names),
  };

 private:
  static weir::Verdict answer(weir::Exchange exchange, uint32_t status, std::string_view word) {
    return exchange.respond(status, word,
                            {weir::field(cache_control, "no-store"),
                             weir::field(content_type, "text/plain; charset=utf-8")});
  }

 public:
  weir::Verdict request(weir::Exchange exchange, const Conf& conf) const {
    if (conf.asks == Asks::live) return answer(exchange, 200, "live\n");
    const bool serves = exchange.attr({WEIR_A_PROCESS_STATE}) == "serving";
    return serves ? answer(exchange, 200, "ready\n") : answer(exchange, 503, "draining\n");
  }
};

}  // namespace

WEIR_MODULE("probe", "1.0", "Apache-2.0", Probe)
