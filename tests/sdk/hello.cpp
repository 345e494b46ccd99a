// SPDX-License-Identifier: Apache-2.0
#include <weir/module.hpp>

namespace {

weir::Header x_hello{"x-hello"};

class Hello {
 public:
  static constexpr auto name = "hello";
  static constexpr auto doc = "Greets in a response field.";

  struct Conf {
    weir::Text greeting;
  };
  static constexpr weir_key keys[] = {
      WEIR_KEY(Conf, greeting, "hello", "Text of the x-hello field.", WEIR_PER_ROUTE)};

  weir::Verdict response(weir::Exchange exchange, const Conf& conf) const {
    exchange.response().set(x_hello, conf.greeting);
    return weir::Verdict::next;
  }
};
}  // namespace
WEIR_MODULE("hello", "1.0", "Apache-2.0", Hello)
