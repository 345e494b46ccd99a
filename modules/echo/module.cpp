// SPDX-License-Identifier: Apache-2.0
//
// echo: answers with what it received, for demos and tests. The manual is README.md.
#include <weir/module.hpp>

#include "json.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace {

weir::Header content_type{"content-type"};
weir::Header x_echo_name{"x-echo-name"};

enum class Mode : uint32_t { describe, body };
constexpr const char* mode_names[] = {"describe", "body", nullptr};

constexpr double second = 1e9;

class Echo {
 public:
  static constexpr auto name = "echo";
  static constexpr auto doc = "Answers with what it received, for demos and tests.";
  static constexpr auto kind = weir::Kind::handler;

  struct Conf {
    weir::Choice<Mode> mode;
    weir::Text name;
    weir::Duration delay;
  };
  static constexpr weir_key keys[] = {
      WEIR_KEY_CHOICE(Conf, mode, "describe",
                      "\"describe\" tells of the request, \"body\" sends its body back.", 0,
                      mode_names),
      WEIR_KEY(Conf, name, nullptr, "Shown in each answer, to tell endpoints apart.", 0),
      WEIR_KEY_RANGE(Conf, delay, "0s", "How long to wait before the answer.", 0, 0, 60 * second),
  };

  weir::Verdict request(weir::Exchange exchange, const Conf& conf) const {
    const auto response = exchange.response();
    std::string_view type = "application/json";
    if (conf.mode == Mode::body) {
      type = exchange.request()[content_type];
      if (type.empty()) type = "application/octet-stream";
    }
    if (!response.set(content_type, type)) return weir::Verdict::fail;
    if (!conf.name.empty() && !response.set(x_echo_name, conf.name)) return weir::Verdict::fail;
    if (conf.delay.count == 0) return weir::Verdict::next;
    const weir::Later later = exchange.later();
    const auto go_on = [later] { later.resume(weir::Verdict::next); };
    const bool armed = weir::after(later.ref(), conf.delay.milliseconds(), go_on) != 0;
    return armed ? weir::Verdict::wait : weir::Verdict::fail;
  }

  weir::Verdict run(weir::Exchange exchange, weir::Input in, weir::Output out, const Conf& conf) {
    body_bytes_ += in.length();
    if (conf.mode == Mode::body) {
      out.move(in);
    } else {
      in.drop(in.length());
    }
    if (!exchange.last()) return weir::Verdict::next;
    if (conf.mode == Mode::describe) out.put(description(exchange, conf));
    out.finish();
    return weir::Verdict::next;
  }

  void explain(weir::Say say) const { say("answers 200 with what it received"); }

 private:
  std::string description(weir::Exchange exchange, const Conf& conf) const {
    std::string text;
    JsonObject object{text};
    if (!conf.name.empty()) object.text("name", conf.name);
    object.text("method", exchange.method());
    object.text("target", exchange.attr({WEIR_A_REQUEST_TARGET}));
    object.text("version", exchange.attr({WEIR_A_REQUEST_VERSION}));
    object.text("scheme", exchange.scheme());
    object.text("authority", exchange.authority());
    object.text("path", exchange.path());
    object.text("query", exchange.query());
    object.text("client", exchange.attr({WEIR_A_CLIENT_ADDRESS}));
    object.open("fields");
    for (const weir_field& field : exchange.request().all()) {
      object.pair(weir::view(field.name), weir::view(field.value));
    }
    object.close();
    object.number("body_bytes", body_bytes_);
    object.end();
    return text;
  }

  uint64_t body_bytes_;
};

}  // namespace

WEIR_MODULE("echo", "1.0", "Apache-2.0", Echo)
