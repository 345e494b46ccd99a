// SPDX-License-Identifier: Apache-2.0
//
// respond: answers with a fixed response. The manual is README.md.
#include <weir/module.hpp>

#include "contents.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

namespace {

weir::Header content_type{"content-type"};

bool is_kernels(uint32_t id) {
  constexpr uint32_t all[] = {WEIR_H_HOST,
                              WEIR_H_CONTENT_LENGTH,
                              WEIR_H_TRANSFER_ENCODING,
                              WEIR_H_CONNECTION,
                              WEIR_H_KEEP_ALIVE,
                              WEIR_H_PROXY_CONNECTION,
                              WEIR_H_TE,
                              WEIR_H_TRAILER,
                              WEIR_H_UPGRADE,
                              WEIR_H_HTTP2_SETTINGS};
  return std::ranges::find(all, id) != std::end(all);
}

class Respond {
 public:
  static constexpr auto name = "respond";
  static constexpr auto doc = "Answers with a fixed response.";
  static constexpr auto kind = weir::Kind::handler;
  static constexpr const char* needs[] = {"files"};

  struct Conf {
    int64_t status;
    weir::Template body;
    weir::File file;
    weir::Text content_type;
    weir::Map<weir::Template> headers;
  };
  static constexpr weir_key keys[] = {
      WEIR_KEY_RANGE(Conf, status, "200", "The status.", 0, 200, 599),
      WEIR_KEY(Conf, body, nullptr, "The body.", 0),
      WEIR_KEY(Conf, file, nullptr, "A file whose content is the body, read once at load.", 0),
      WEIR_KEY(Conf, content_type, "text/plain; charset=utf-8", "Content-Type of the body.", 0),
      WEIR_KEY(Conf, headers, nullptr, "Fields of the response.", WEIR_FIELD_KEYS),
  };

  static void configure(weir::Setup& setup, const Conf& conf) {
    const bool has_body = conf.body || !conf.file.absent();
    if (conf.body && !conf.file.absent()) {
      setup.error("file", "body says what the body is already", "leave out body or file");
    }
    if (has_body && (conf.status == 204 || conf.status == 304)) {
      setup.error(conf.body ? "body" : "file",
                  "a response of status " + std::to_string(conf.status) + " has no body");
    }
    for (const auto& entry : conf.headers) check_field(setup, entry.key, entry.id().value);
  }

  struct Instance {
    Instance(weir::Setup& setup, const Conf& conf) : escape(escape_for(conf.content_type)) {
      if (conf.file.absent()) return;
      const char* const flaw = read_contents(std::string{conf.file.view()}, contents);
      if (flaw != nullptr) {
        setup.error("file", flaw, "for more than one small file there is static");
      }
    }
    std::string contents;
    weir::Escape escape;
  };

  weir::Verdict request(weir::Exchange exchange, const Conf& conf, const Instance& instance) const {
    const std::string_view body = conf.body ? exchange.expand(conf.body, instance.escape)
                                            : std::string_view{instance.contents};
    const size_t most = conf.headers.size() + 1;
    auto* const fields =
        static_cast<weir_field*>(exchange.alloc(most * sizeof(weir_field), alignof(weir_field)));
    if (fields == nullptr) return weir::Verdict::fail;
    size_t count = 0;
    if (!body.empty()) fields[count++] = weir::field(content_type, conf.content_type);
    for (const auto& [key, id, value] : conf.headers) {
      const std::string_view text = exchange.expand(value);
      if (text.empty()) continue;
      fields[count++] = {key, weir::raw(text), static_cast<uint32_t>(id), 0};
    }
    return exchange.respond(static_cast<uint32_t>(conf.status), body, std::span{fields, count});
  }

  void explain(const Conf& conf, weir::Say say) const {
    say("answers " + std::to_string(conf.status));
  }

 private:
  static void check_field(weir::Setup& setup, weir::Text key, uint32_t id) {
    const std::string place = "headers." + std::string{key.view()};
    if (id == WEIR_H_CONTENT_TYPE) {
      setup.error(place.c_str(), "has a key of its own", "content_type");
    } else if (is_kernels(id)) {
      setup.error(place.c_str(), "belongs to one connection or frames the message",
                  "weir writes this field itself");
    }
  }

  // What a client sent and a template repeats must not become markup.
  static weir::Escape escape_for(std::string_view type) {
    const auto has = [&](std::string_view word) { return type.find(word) != type.npos; };
    if (has("json")) return weir::Escape::json;
    if (has("html") || has("xml")) return weir::Escape::html;
    return weir::Escape::none;
  }
};

}  // namespace

WEIR_MODULE("respond", "1.0", "Apache-2.0", Respond)
