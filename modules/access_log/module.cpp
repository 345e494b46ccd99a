// SPDX-License-Identifier: Apache-2.0
//
// access_log: writes one line for each exchange. The manual is README.md.
#include <weir/module.hpp>

#include "entry.hpp"
#include "line.hpp"
#include "line_writer.hpp"
#include "log_format.hpp"
#include "redaction.hpp"
#include "selection.hpp"
#include "sink.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

#define WEIR_KNOWN_NAME(id, text) KnownName{text, WEIR_A_##id},
constexpr KnownName known_names[] = {WEIR_ATTRIBUTE_NAMES(WEIR_KNOWN_NAME)};
#undef WEIR_KNOWN_NAME

constexpr QueryBearers query_bearers{WEIR_A_REQUEST_QUERY, WEIR_A_REQUEST_TARGET, WEIR_H_REFERER,
                                     WEIR_H_LOCATION};

// The fields of JSON and logfmt unless `standard = false`.
constexpr std::pair<const char*, const char*> standard_fields[] = {
    {"time", "{time}"},
    {"id", "{request.id}"},
    {"client", "{client.address}"},
    {"method", "{request.method}"},
    {"scheme", "{request.scheme}"},
    {"host", "{request.host}"},
    {"path", "{request.path}"},
    {"query", "{request.query}"},
    {"version", "{request.version}"},
    {"status", "{response.status}"},
    {"reason", "{response.reason}"},
    {"bytes", "{response.bytes}"},
    {"received", "{request.bytes}"},
    {"duration", "{duration.s}"},
    {"route", "{route}"},
    {"upstream", "{upstream}"},
    {"endpoint", "{endpoint}"},
    {"upstream_status", "{upstream.status}"},
    {"upstream_duration", "{upstream.time.s}"},
    {"attempts", "{upstream.attempts}"},
    {"referer", "{request.header.referer}"},
    {"user_agent", "{request.header.user-agent}"},
};

constexpr auto combined =
    "{client.address|-} - - [{time.clf}] \"{request.method|-} {request.target|-} "
    "{request.version|-}\" {response.status} {response.bytes} \"{request.header.referer|-}\" "
    "\"{request.header.user-agent|-}\"";

enum class Shape { json, logfmt, text };
enum class Target : uint32_t { out, error, syslog };
constexpr const char* targets[] = {"stdout", "stderr", "syslog", nullptr};
// Those of RFC 5424 that are for programs like this one, and their codes.
enum class Facility : uint32_t {};
constexpr const char* facilities[] = {"local0", "local1", "local2", "local3", "local4", "local5",
                                      "local6", "local7", "user",   "daemon", nullptr};
constexpr int facility_codes[] = {16, 17, 18, 19, 20, 21, 22, 23, 1, 3};
constexpr int severity_info = 6;

struct When {
  weir::List<weir::Text> status;
  weir::Duration slower_than;
};
constexpr weir_key when_keys[] = {
    WEIR_KEY(When, status, nullptr, "Statuses such as \"404\", \"5xx\" or \"500-504\".", 0),
    WEIR_KEY(When, slower_than, nullptr, "Exchanges that took longer than this.", 0),
};

struct Conf {
  weir::Text format;
  weir::Map<weir::Text> fields;
  weir::Bool standard;
  weir::File file;
  weir::Choice<Target> target;
  weir::File socket;
  weir::Choice<Facility> facility;
  weir::Text tag;
  weir::Bytes buffer;
  When when;
  weir::List<weir::Text> skip;
  weir::Percent sample;
  weir::List<weir::Text> redact;
};
constexpr weir_key conf_keys[] = {
    WEIR_KEY(Conf, format, "\"json\"",
             "Shape of a line: json, logfmt, combined, or a template with names in braces.", 0),
    WEIR_KEY(Conf, fields, nullptr,
             "Further fields of json and logfmt, or other values for the standard ones.", 0),
    WEIR_KEY(Conf, standard, "true", "Write the standard fields of json and logfmt.", 0),
    WEIR_KEY(Conf, file, nullptr, "The file that lines are added to; opened anew at SIGUSR1.", 0),
    WEIR_KEY_CHOICE(Conf, target, "\"stdout\"", "Where lines go when no file is named.", 0,
                    targets),
    WEIR_KEY(Conf, socket, "\"/dev/log\"", "The Unix socket of syslog.", 0),
    WEIR_KEY_CHOICE(Conf, facility, "\"local7\"", "The facility for syslog.", 0, facilities),
    WEIR_KEY(Conf, tag, "\"weir\"", "The name of the program for syslog.", 0),
    WEIR_KEY_RANGE(Conf, buffer, "\"256KiB\"", "Memory of each loop for lines that wait.", 0,
                   32 * 1024, 64 * 1024 * 1024),
    WEIR_KEY_TABLE(Conf, when, "Only exchanges of which one of these holds.", 0, when_keys),
    WEIR_KEY(Conf, skip, nullptr, "Paths without a line; \"/assets/*\" is all below.", 0),
    WEIR_KEY(Conf, sample, "\"100%\"", "Share of the remaining exchanges that get a line.", 0),
    WEIR_KEY(Conf, redact, "[\"access_token\", \"api_key\", \"password\", \"secret\", \"token\"]",
             "Fields, query keys and cookies whose values are hidden.", 0),
};

// ---- What all loops read ----------------------------------------------------------------------

class Instance {
 public:
  Instance(weir::Setup& setup, const Conf& conf)
      : lines(setup.counter("lines", "lines that were written or wait to be")),
        dropped(setup.counter("dropped", "lines that were lost")) {
    compile_shape(setup, conf);
    compile_selection(setup, conf);
    plan_sink(setup, conf);
    for (const auto& name : conf.redact) redaction_.add(name);
  }

  bool takes(const weir::Exchange& exchange) const {
    return selection_.takes(exchange.number({WEIR_A_RESPONSE_STATUS}),
                            exchange.number({WEIR_A_DURATION}), exchange.path());
  }

  template <class Values>
  void write(const Values& values, Line& line) const {
    Entry<Values> entry{values, redaction_, query_bearers, line};
    switch (shape_) {
      case Shape::json:
        return entry.write_json(fields_);
      case Shape::logfmt:
        return entry.write_logfmt(fields_);
      case Shape::text:
        return entry.write_text(format_);
    }
  }

  const SinkPlan& plan() const { return plan_; }

  weir::Metric lines, dropped;

 private:
  static LogFormat compiled(std::string_view text) {
    return FormatCompiler{known_names,
                          [](std::string_view name) { return weir::host->intern(weir::raw(name)); }}
        .compile(text);
  }

  void compile_shape(weir::Setup& setup, const Conf& conf) {
    const auto format = conf.format.view();
    shape_ = format == "json" ? Shape::json : format == "logfmt" ? Shape::logfmt : Shape::text;
    if (shape_ != Shape::text) return compile_fields(setup, conf);
    if (!conf.fields.empty()) {
      setup.error("fields", "belongs to the formats json and logfmt", "put the names into format");
    }
    if (format != "combined" && format.find('{') == format.npos) {
      setup.error("format", "expected json, logfmt, combined or a template",
                  "such as \"{client.address} {request.method} {request.path}\"");
      return;
    }
    try {
      format_ = compiled(format == "combined" ? combined : format);
    } catch (const FormatError& error) {
      setup.error("format", error.what());
    }
  }

  void compile_fields(weir::Setup& setup, const Conf& conf) {
    if (conf.standard) {
      for (const auto& [name, format] : standard_fields) set_field(name, compiled(format));
    }
    for (const auto& entry : conf.fields) {
      const std::string name{entry.key.view()};
      const auto key = "fields." + name;
      const bool plain = name.find_first_not_of(name_bytes) == name.npos && !name.empty();
      if (!plain) setup.error(key.c_str(), "a field's name has letters, digits, '_', '-' and '.'");
      try {
        set_field(name, compiled(entry.value));
      } catch (const FormatError& error) {
        setup.error(key.c_str(), error.what());
      }
    }
  }

  // A name that is there already keeps its place.
  void set_field(std::string_view name, LogFormat format) {
    for (auto& field : fields_) {
      if (field.name != name) continue;
      field.format = std::move(format);
      return;
    }
    fields_.push_back({std::string{name}, std::move(format)});
  }

  void compile_selection(weir::Setup& setup, const Conf& conf) {
    const auto& statuses = conf.when.status;
    for (size_t at = 0; at < statuses.size(); ++at) {
      const auto range = parse_status(statuses[at]);
      if (range) {
        selection_.add_status(*range);
      } else {
        setup.error(("when.status[" + std::to_string(at) + "]").c_str(),
                    "is no status and no range of them", R"(such as "404", "5xx" or "500-504")");
      }
    }
    if (conf.when.slower_than.count > 0) {
      selection_.set_slower_than(static_cast<uint64_t>(conf.when.slower_than.count));
    }
    for (const auto& path : conf.skip) selection_.skip(path);
  }

  void plan_sink(weir::Setup& setup, const Conf& conf) {
    const Target target = conf.target;
    if (!conf.file.empty()) {
      if (target != Target::out) setup.error("target", "a file is named as well; keep one of them");
      plan_ = {SinkPlan::Kind::file, std::string{conf.file.view()}, 0, {}};
    } else if (target == Target::syslog) {
      const int priority = facility_codes[conf.facility.index] * 8 + severity_info;
      plan_ = {SinkPlan::Kind::syslog, std::string{conf.socket.view()}, priority,
               std::string{conf.tag.view()}};
    } else {
      plan_.kind = target == Target::error ? SinkPlan::Kind::error : SinkPlan::Kind::out;
    }
  }

  static constexpr auto name_bytes =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  Shape shape_ = Shape::json;
  std::vector<NamedFormat> fields_;
  LogFormat format_;
  Redaction redaction_;
  Selection selection_;
  SinkPlan plan_;
};

// ---- What one loop has ------------------------------------------------------------------------

struct State {
  State(weir::Worker worker, const Conf& conf, const Instance& instance)
      : writer(worker, instance.plan(), conf.buffer, instance.dropped),
        sampler(static_cast<uint64_t>(weir::now().count()) + worker.index()) {}
  void reopen() { writer.reopen(); }

  LineWriter writer;
  Sampler sampler;
  Line line;
};

// ---- The observer -----------------------------------------------------------------------------

// What Entry asks of an exchange.
class Values {
 public:
  explicit Values(weir::Exchange exchange) : exchange_(exchange) {}
  std::string_view text(uint32_t id) const { return exchange_.attr({id}); }
  uint64_t number(uint32_t id) const { return exchange_.number({id}); }
  std::string_view field(Side side, uint32_t id) const {
    return side == Side::request ? exchange_.request()[{id}] : exchange_.response()[{id}];
  }
  std::string_view query() const { return exchange_.query(); }
  template <class Take>
  void cookies(const Take& take) const {
    for (const auto& field : exchange_.request().all()) {
      if (field.id == WEIR_H_COOKIE) take(weir::view(field.value));
    }
  }

 private:
  weir::Exchange exchange_;
};

class AccessLog {
 public:
  static constexpr auto kind = weir::Kind::observer;
  static constexpr auto name = "access_log";
  static constexpr auto doc = "Writes one line for each exchange.";
  static constexpr const char* needs[] = {"files", nullptr};
  using Conf = ::Conf;
  using Instance = ::Instance;
  using State = ::State;
  static constexpr auto& keys = conf_keys;

  void exchange(weir::Exchange exchange, const Conf& conf, const Instance& instance,
                State& state) const {
    if (!instance.takes(exchange) || !state.sampler.takes(conf.sample)) return;
    state.line.clear();
    instance.write(Values{exchange}, state.line);
    exchange.count(instance.lines);
    state.writer.add(state.line.view());
  }

  void flush(State& state) const { state.writer.flush(); }
};

}  // namespace

WEIR_MODULE("access_log", "1.0", "Apache-2.0", AccessLog)
