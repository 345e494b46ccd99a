// SPDX-License-Identifier: Apache-2.0
//
// A handler that counts its answers in its instance, and says where its count came from. Built with
// another VERSION it is another image.
#include <weir/module.hpp>

#include <atomic>
#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>

#ifndef VERSION
#define VERSION "1"
#endif

namespace {

struct Counter {
  static constexpr auto name = "counter";
  static constexpr auto doc = "Counts its answers.";
  static constexpr auto kind = weir::Kind::handler;

  struct Conf {
    weir::Text note;
    weir::Bool fails, fails_here;
  };
  static constexpr weir_key keys[] = {
      WEIR_KEY(Conf, note, "\"\"", "Said in each answer.", 0),
      WEIR_KEY(Conf, fails, "false", "The instance does not start.", 0),
      WEIR_KEY(Conf, fails_here, "false", "It does not start on a loop.", 0),
  };

  struct Instance {
    explicit Instance(weir::Setup&, const Conf& conf) : fails(conf.fails) {}
    bool start() const { return !fails; }
    void adopt(Instance& previous) {
      count = previous.count.load();
      origin = "adopted";
    }
    std::string save() const { return "counter/1 " + std::to_string(count.load()); }
    bool restore(std::string_view bytes) {
      constexpr std::string_view form = "counter/1 ";
      if (!bytes.starts_with(form)) return false;
      unsigned value = 0;
      std::from_chars(bytes.data() + form.size(), bytes.data() + bytes.size(), value);
      count = value;
      origin = "restored";
      return true;
    }

    bool fails;
    mutable std::atomic<unsigned> count = 0;
    const char* origin = "new";
  };

  struct State {
    State(weir::Worker, const Conf& conf) {
      if (conf.fails_here) throw std::runtime_error("as told");
    }
  };

  weir::Verdict request(weir::Exchange exchange, const Conf& conf, const Instance& instance) {
    const unsigned count = ++instance.count;
    return exchange.respond(200, std::string("v" VERSION " ") + instance.origin + " " +
                                     std::to_string(count) + " " + std::string(conf.note));
  }
};

}  // namespace

WEIR_MODULE("counter", VERSION, "Apache-2.0", Counter)
