// SPDX-License-Identifier: Apache-2.0
//
// greeting: greets in a response field, by the time of day. The manual is README.md.
#include <weir/module.hpp>

#include "day.hpp"

#include <chrono>
#include <string>

namespace {

weir::Header x_greeting{"x-greeting"};

class Greeting {
 public:
  static constexpr auto name = "greeting";
  static constexpr auto doc = "Greets in a response field, by the time of day.";
  static constexpr uint32_t flags = WEIR_DRAFT;

  struct Conf {
    weir::Text morning, evening;
    int64_t noon;
    weir::Template whom;
  };
  static constexpr weir_key keys[] = {
      WEIR_KEY(Conf, morning, "good morning", "Greeting before noon.", WEIR_PER_ROUTE),
      WEIR_KEY(Conf, evening, "good evening", "Greeting from noon on.", WEIR_PER_ROUTE),
      WEIR_KEY_RANGE(Conf, noon, "12", "The hour, in UTC, that parts them.", WEIR_PER_ROUTE, 1, 23),
      WEIR_KEY(Conf, whom, nullptr, "Whom to greet.", WEIR_PER_ROUTE),
  };

  static void configure(weir::Setup& setup, const Conf& conf) {
    if (conf.morning == conf.evening.view()) setup.warn("evening", "is the same as morning");
  }

  struct Instance {
    explicit Instance(weir::Setup& setup)
        : greeted(setup.counter("greeted", "Responses greeted.")) {}
    weir::Metric greeted;
  };

  weir::Verdict response(weir::Exchange exchange, const Conf& conf,
                         const Instance& instance) const {
    std::string text{before(conf.noon, unix_time(exchange)) ? conf.morning : conf.evening};
    if (conf.whom) text.append(", ").append(exchange.expand(conf.whom));
    exchange.response().set(x_greeting, text);
    exchange.count(instance.greeted);
    return weir::Verdict::next;
  }

 private:
  static std::chrono::milliseconds unix_time(weir::Exchange exchange) {
    return std::chrono::milliseconds{exchange.number({WEIR_A_TIME_UNIX})};
  }
};

}  // namespace

WEIR_MODULE("greeting", "0.1", "Apache-2.0", Greeting)
