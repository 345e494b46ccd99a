// SPDX-License-Identifier: Apache-2.0
//
// headers: sets, adds, removes and renames fields of requests and responses. The manual is
// README.md.
#include <weir/module.hpp>

#include "names.hpp"
#include "status_set.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

// Set where a response does not have them. None of these changes what an ordinary page may do.
struct Preset {
  weir::Header name;
  std::string_view value;
};
Preset secure_fields[] = {
    {weir::Header{"x-content-type-options"}, "nosniff"},
    {weir::Header{"x-frame-options"}, "SAMEORIGIN"},
    {weir::Header{"referrer-policy"}, "strict-origin-when-cross-origin"},
    {weir::Header{"x-permitted-cross-domain-policies"}, "none"},
};
// Not over plain HTTP (RFC 6797, 7.2).
weir::Header strict_transport_security{"strict-transport-security"};
constexpr std::string_view one_year = "max-age=31536000";

enum class PresetName : uint32_t { none, secure };
constexpr const char* preset_names[] = {"none", "secure", nullptr};

struct Side {
  weir::Map<weir::Text> rename;
  weir::List<weir::Text> remove;
  weir::Map<weir::Template> set, set_if_absent, add;
};
constexpr weir_key side_keys[] = {
    WEIR_KEY(Side, rename, nullptr, "Fields that get another name.", WEIR_FIELD_KEYS),
    WEIR_KEY(Side, remove, nullptr, "Fields to drop.", 0),
    WEIR_KEY(Side, set, nullptr, "Fields to set; what they were is replaced.", WEIR_FIELD_KEYS),
    WEIR_KEY(Side, set_if_absent, nullptr, "Fields to set where there is none of that name.",
             WEIR_FIELD_KEYS),
    WEIR_KEY(Side, add, nullptr, "Field lines to add to what is there.", WEIR_FIELD_KEYS),
};

struct When {
  weir::List<weir::Text> status;
};
constexpr weir_key when_keys[] = {
    WEIR_KEY(When, status, nullptr,
             "Statuses of responses to change: \"404\", \"4xx\", \"500-504\"; without any: all.",
             0),
};

// Fields that the kernel writes; it refuses a change of them.
bool is_kernels(uint32_t id) {
  constexpr uint32_t all[] = {
      WEIR_H_CONTENT_LENGTH, WEIR_H_TRANSFER_ENCODING, WEIR_H_CONNECTION,
      WEIR_H_KEEP_ALIVE,     WEIR_H_PROXY_CONNECTION,  WEIR_H_TE,
      WEIR_H_TRAILER,        WEIR_H_UPGRADE,           WEIR_H_HTTP2_SETTINGS};
  return std::ranges::find(all, id) != std::end(all);
}

// The names of one side as ids.
struct Names {
  struct Rename {
    uint32_t from, to;
  };
  std::vector<Rename> rename;
  std::vector<uint32_t> remove;
};

// Checks the names that a side changes; `table` is its place in the file.
class NameReader {
 public:
  NameReader(weir::Setup& setup, const char* table) : setup_(setup), table_(table) {}

  Names read(const Side& side, bool of_request) {
    Names names;
    for (const auto& entry : side.rename) {
      const std::string place = table_ + ".rename." + std::string{entry.key.view()};
      check(place, entry.id().value);
      names.rename.push_back({entry.id().value, intern(place, entry.value)});
    }
    for (size_t i = 0; i < side.remove.size(); ++i) {
      const std::string place = table_ + ".remove[" + std::to_string(i) + "]";
      names.remove.push_back(intern(place, side.remove[i]));
    }
    check_all(".set.", side.set, of_request);
    check_all(".set_if_absent.", side.set_if_absent, false);
    check_all(".add.", side.add, false);
    return names;
  }

 private:
  uint32_t intern(const std::string& place, weir::Text name) {
    if (!is_token(name)) {
      setup_.error(place.c_str(), "not a name that a field can have");
      return 0;
    }
    const uint32_t id = weir::host->intern(weir::raw(lower_case(name)));
    check(place, id);
    return id;
  }

  void check_all(const char* list, const weir::Map<weir::Template>& fields, bool may_be_host) {
    for (const auto& entry : fields) {
      if (may_be_host && entry.id().value == WEIR_H_HOST) continue;
      check(table_ + list + std::string{entry.key.view()}, entry.id().value);
    }
  }

  void check(const std::string& place, uint32_t id) {
    if (id == WEIR_H_HOST) {
      setup_.error(place.c_str(), "every request has one Host",
                   "request.set can change it, and so can host of an upstream");
    } else if (is_kernels(id)) {
      setup_.error(place.c_str(), "belongs to one connection or frames the message",
                   "weir writes this field itself");
    }
  }

  weir::Setup& setup_;
  std::string table_;
};

class Headers {
 public:
  static constexpr auto name = "headers";
  static constexpr auto doc = "Sets, adds, removes and renames fields of requests and responses.";

  struct Conf {
    Side request, response;
    When when;
    weir::Choice<PresetName> preset;
  };
  static constexpr weir_key keys[] = {
      WEIR_KEY_TABLE(Conf, request, "What to change in requests.", 0, side_keys),
      WEIR_KEY_TABLE(Conf, response, "What to change in responses.", 0, side_keys),
      WEIR_KEY_TABLE(Conf, when, "Which responses to change.", 0, when_keys),
      WEIR_KEY_CHOICE(Conf, preset, "none",
                      "\"secure\": the usual security fields, where a response has none.", 0,
                      preset_names),
  };

  struct Instance {
    Instance(weir::Setup& setup, const Conf& conf)
        : request(NameReader{setup, "request"}.read(conf.request, true)),
          response(NameReader{setup, "response"}.read(conf.response, false)),
          refused(setup.counter("refused", "Values that cannot stand in a field.")) {
      for (size_t i = 0; i < conf.when.status.size(); ++i) {
        if (statuses.add(conf.when.status[i])) continue;
        setup.error(("when.status[" + std::to_string(i) + "]").c_str(),
                    "not a status of a response", R"(write "404", "4xx" or "500-504")");
      }
    }
    Names request, response;
    StatusSet statuses;
    weir::Metric refused;
  };

  weir::Verdict request(weir::Exchange exchange, const Conf& conf, const Instance& instance) const {
    return change({exchange, exchange.request(), conf.request, instance.request, instance});
  }

  weir::Verdict response(weir::Exchange exchange, const Conf& conf,
                         const Instance& instance) const {
    const auto fields = exchange.response();
    if (!instance.statuses.empty() && !instance.statuses.has(fields.status())) {
      return weir::Verdict::next;
    }
    const auto verdict = change({exchange, fields, conf.response, instance.response, instance});
    if (conf.preset == PresetName::secure) secure(exchange, fields);
    return verdict;
  }

  void explain(weir::Exchange exchange, const Conf& conf, weir::Say say) const {
    for (const auto& [key, id, value] : conf.request.rename) {
      say("renames " + std::string{key.view()} + " to " + std::string{value.view()});
    }
    for (const weir::Text& removed : conf.request.remove) {
      say("removes " + std::string{removed.view()});
    }
    explain_values(exchange, "sets ", conf.request.set, say);
    explain_values(exchange, "sets where absent ", conf.request.set_if_absent, say);
    explain_values(exchange, "adds ", conf.request.add, say);
  }

 private:
  struct Job {
    weir::Exchange exchange;
    weir::Fields fields;
    const Side& side;
    const Names& names;
    const Instance& instance;
  };

  static std::string_view* views(weir::Exchange exchange, size_t count) {
    return static_cast<std::string_view*>(
        exchange.alloc(count * sizeof(std::string_view), alignof(std::string_view)));
  }

  // The values of set, set_if_absent and add, in this order; nullptr: no memory is left.
  static const std::string_view* expand_all(const Job& job, size_t count) {
    std::string_view* const values = views(job.exchange, count);
    if (values == nullptr) return nullptr;
    auto* end = values;
    for (const auto* fields : {&job.side.set, &job.side.set_if_absent, &job.side.add}) {
      for (const auto& entry : *fields) *end++ = job.exchange.expand(entry.value);
    }
    return values;
  }

  // Values are made before anything changes, so none depends on the order below.
  static weir::Verdict change(const Job& job) {
    const Side& side = job.side;
    const size_t count = side.set.size() + side.set_if_absent.size() + side.add.size();
    const std::string_view* values = nullptr;
    if (count > 0) {
      values = expand_all(job, count);
      if (values == nullptr) return weir::Verdict::fail;
    }
    for (const auto& [from, to] : job.names.rename) {
      if (!rename(job, from, to)) return weir::Verdict::fail;
    }
    for (const uint32_t id : job.names.remove) job.fields.remove({id});
    put_all(job, values);
    return weir::Verdict::next;
  }

  static void put_all(const Job& job, const std::string_view* value) {
    for (const auto& entry : job.side.set) set(job, entry.id(), *value++);
    for (const auto& entry : job.side.set_if_absent) {
      const bool absent = !job.fields.has(entry.id());
      if (absent) set(job, entry.id(), *value);
      ++value;
    }
    for (const auto& entry : job.side.add) {
      if (!value->empty() && !job.fields.add(entry.id(), *value)) count_refused(job);
      ++value;
    }
  }

  // A value that is refused must not leave what a client sent in its place.
  static void set(const Job& job, weir::Id id, std::string_view value) {
    if (id.value == WEIR_H_HOST) {
      if (!job.exchange.set_authority(value)) count_refused(job);
      return;
    }
    if (!value.empty() && job.fields.set(id, value)) return;
    if (!value.empty()) count_refused(job);
    job.fields.remove(id);
  }

  // False: the exchange has no memory left.
  static bool rename(const Job& job, uint32_t from, uint32_t to) {
    if (!job.fields.has({from})) return true;
    // Views end with the first change, so the values are kept aside.
    const auto rows = job.fields.all();
    std::string_view* const values = views(job.exchange, rows.size());
    if (values == nullptr) return false;
    size_t count = 0;
    for (const weir_field& row : rows) {
      if (row.id != from) continue;
      auto* const bytes = static_cast<char*>(job.exchange.alloc(row.value.n + 1, 1));
      if (bytes == nullptr) return false;
      std::copy_n(row.value.p, row.value.n, bytes);
      values[count++] = {bytes, row.value.n};
    }
    job.fields.remove({from});
    job.fields.remove({to});
    for (const std::string_view value : std::span{values, count}) job.fields.add({to}, value);
    return true;
  }

  static void secure(weir::Exchange exchange, weir::Fields fields) {
    for (const Preset& field : secure_fields) {
      if (!fields.has(field.name)) fields.set(field.name, field.value);
    }
    if (exchange.scheme() == "https" && !fields.has(strict_transport_security)) {
      fields.set(strict_transport_security, one_year);
    }
  }

  static void count_refused(const Job& job) { job.exchange.count(job.instance.refused); }

  static void explain_values(weir::Exchange exchange, std::string_view what,
                             const weir::Map<weir::Template>& fields, weir::Say say) {
    for (const auto& [key, id, value] : fields) {
      std::string text{what};
      text.append(key.view()).append(": ").append(exchange.expand(value));
      say(text);
    }
  }
};

}  // namespace

WEIR_MODULE("headers", "1.0", "Apache-2.0", Headers)
