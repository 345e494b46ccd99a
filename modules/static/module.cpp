// SPDX-License-Identifier: Apache-2.0
//
// static: answers requests with the files of a folder. The manual is README.md.
#include <weir/module.hpp>

#include "accepted_codings.hpp"
#include "answer_fields.hpp"
#include "byte_ranges.hpp"
#include "entity_tag.hpp"
#include "file_path.hpp"
#include "http_date.hpp"
#include "media_types.hpp"
#include "multipart.hpp"
#include "preconditions.hpp"
#include "root_folder.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <sys/random.h>
#include <sys/types.h>

namespace {

weir::Header accept_ranges{"accept-ranges"};
weir::Header allow{"allow"};
weir::Header cache_control{"cache-control"};
weir::Header content_encoding{"content-encoding"};
weir::Header content_range{"content-range"};
weir::Header content_type{"content-type"};
weir::Header etag{"etag"};
weir::Header last_modified{"last-modified"};
weir::Header location{"location"};
weir::Header vary{"vary"};

constexpr const char* codings[] = {"br", "zstd", "gzip", nullptr};
constexpr std::string_view coding_suffixes[] = {".br", ".zst", ".gz"};
constexpr const char* link_policies[] = {"inside", "never", nullptr};

// What the request's path led to.
struct Found {
  Opened file;
  FilePath path;
  std::optional<Coding> coding;
};

class Static {
 public:
  static constexpr auto kind = weir::Kind::handler;
  static constexpr auto name = "static";
  static constexpr auto doc = "Answers requests with the files of a folder.";
  static constexpr const char* needs[] = {"files", nullptr};

  struct Conf {
    weir::File root;
    weir::Text strip_prefix;
    weir::List<weir::Text> index;
    weir::List<weir::Template> fallbacks;
    weir::List<weir::Choice<Coding>> precompressed;
    weir::Text cache_control;
    weir::Map<weir::Text> types;
    weir::Text default_type;
    weir::Bool hidden;
    weir::Choice<Links> symlinks;
  };
  static constexpr weir_key keys[] = {
      WEIR_KEY(Conf, root, nullptr, "The folder whose files are served.", WEIR_REQUIRED),
      WEIR_KEY(Conf, strip_prefix, nullptr,
               "Beginning of the path that is left out below the root.", WEIR_PER_ROUTE),
      WEIR_KEY(Conf, index, "[\"index.html\"]", "Files that stand for a folder, first found first.",
               WEIR_PER_ROUTE),
      // `try` is a word of C++, so the line is written out.
      {"try", "Paths tried in turn when the request's path leads to no file.", nullptr,
       WEIR_TEMPLATE, WEIR_LIST | WEIR_PER_ROUTE, offsetof(Conf, fallbacks), nullptr, nullptr, 0,
       0},
      WEIR_KEY_CHOICE(Conf, precompressed, nullptr,
                      "Codings whose files (.br, .zst, .gz) lie beside the originals.",
                      WEIR_PER_ROUTE, codings),
      WEIR_KEY(Conf, cache_control, nullptr, "Value of Cache-Control for files that are found.",
               WEIR_PER_ROUTE),
      WEIR_KEY(Conf, types, nullptr, "Media types by extension, before the built-in ones.",
               WEIR_PER_ROUTE),
      WEIR_KEY(Conf, default_type, "\"application/octet-stream\"",
               "Media type of files whose extension is not known.", WEIR_PER_ROUTE),
      WEIR_KEY(Conf, hidden, "false", "Serve names that begin with a dot, too.", WEIR_PER_ROUTE),
      WEIR_KEY_CHOICE(Conf, symlinks, "\"inside\"",
                      "Follow symbolic links that stay inside the root, or never any.",
                      WEIR_PER_ROUTE, link_policies),
  };

  static void configure(weir::Setup& setup, const Conf& conf) {
    if (!open_root(conf.root.p)) {
      setup.warn("root", "is no folder that can be opened now",
                 "until it is one, requests are answered with 500");
    }
    if (!conf.strip_prefix.empty() && !conf.strip_prefix.view().starts_with('/')) {
      setup.error("strip_prefix", "does not begin with a slash", "such as \"/assets\"");
    }
    for (size_t at = 0; at < conf.index.size(); ++at) {
      FilePath path;
      if (!path.assign("/" + std::string{conf.index[at].view()}, true) || path.folder()) {
        setup.error(("index[" + std::to_string(at) + "]").c_str(), "is not the name of a file");
      }
    }
    for (const auto& entry : conf.types) {
      if (entry.value.view().find('/') != std::string_view::npos) continue;
      setup.error(("types." + std::string{entry.key.view()}).c_str(), "is not a media type",
                  "such as \"text/plain\"");
    }
  }

  struct State {
    State() {
      if (getrandom(&boundary, sizeof boundary, 0) != static_cast<ssize_t>(sizeof boundary)) {
        throw std::runtime_error("getrandom gave no seed");
      }
    }
    // Odd steps visit every number before one comes again.
    uint64_t next_boundary() { return boundary += 0x9e3779b97f4a7c15; }

    uint64_t boundary = 0;
    std::optional<std::chrono::nanoseconds> told;  // when the last trouble was logged
  };

  weir::Verdict request(weir::Exchange exchange, const Conf& conf, State& state) {
    const auto method = exchange.method();
    if (method != "GET" && method != "HEAD") {
      return exchange.respond(405, "method not allowed\n", {weir::field(allow, "GET, HEAD")});
    }
    auto found = find(exchange, conf);
    switch (found.file.kind) {
      case Kind::file:
        return serve(exchange, conf, state, found);
      case Kind::folder:
        return to_folder(exchange);
      case Kind::missing:
        return exchange.respond(404, "not found\n");
      case Kind::forbidden:
        return exchange.respond(403, "forbidden\n");
      case Kind::exhausted:
        return trouble(exchange, state, 503, "no descriptor or memory left");
      case Kind::broken:
        break;
    }
    return trouble(exchange, state, 500, "the root or a file cannot be read");
  }

  // The queue holds ranges of the file, not its bytes, so all of them go in at once.
  weir::Verdict run(weir::Output out) {
    const Descriptor file{take_descriptor()};
    if (!file) return weir::Verdict::next;
    const bool put = count_ > 1 ? put_parts(file.get(), out) : put_range(file.get(), 0, out);
    if (!put) return weir::Verdict::fail;
    out.finish();
    return weir::Verdict::next;
  }

  void end() { const Descriptor closed{take_descriptor()}; }

  void explain(weir::Exchange exchange, const Conf& conf, weir::Say say) const {
    const auto found = find(exchange, conf);
    const auto place = std::string{conf.root.view()} + "/" + std::string{found.path.view()};
    if (found.file.kind == Kind::file) {
      say("the file " + place + ", " + std::to_string(found.file.size) + " bytes");
    } else {
      say(found.file.kind == Kind::folder ? "a redirect to the folder " + place + "/"
                                          : "no file: " + place);
    }
  }

 private:
  // ---- From the path to a file -----------------------------------------------------------------

  static Found find(weir::Exchange exchange, const Conf& conf) {
    Found found;
    const auto root = open_root(conf.root.p);
    if (!root) {
      found.file.kind = errno == EMFILE || errno == ENFILE ? Kind::exhausted : Kind::broken;
      return found;
    }
    const auto path = below_prefix(exchange.path(), conf.strip_prefix);
    if (path && path->empty()) found.file.kind = Kind::folder;
    if (!path || path->empty() || !found.path.assign(*path, conf.hidden)) return found;
    find_file(root.get(), conf, found);
    for (size_t at = 0; found.file.kind == Kind::missing && at < conf.fallbacks.size(); ++at) {
      const auto next = exchange.expand(conf.fallbacks[at]);
      if (found.path.assign(next, conf.hidden)) find_file(root.get(), conf, found);
      // Only a path that the client sent may be mended by a redirect.
      if (found.file.kind == Kind::folder) found.file.kind = Kind::missing;
    }
    if (found.file.kind == Kind::file) find_coded(exchange, root.get(), conf, found);
    return found;
  }

  static void find_file(int root, const Conf& conf, Found& found) {
    if (!found.path.folder()) {
      found.file = open_file(root, found.path.c_str(), conf.symlinks);
      return;
    }
    found.file.kind = Kind::missing;
    const size_t folder = found.path.size();
    for (const auto& file : conf.index) {
      found.path.shorten(folder);
      if (!found.path.append(file)) continue;
      found.file = open_file(root, found.path.c_str(), conf.symlinks);
      if (found.file.kind == Kind::folder) found.file.kind = Kind::missing;
      if (found.file.kind != Kind::missing) return;
    }
  }

  // The coded file that the client likes best, unless it is older than its original.
  static void find_coded(weir::Exchange exchange, int root, const Conf& conf, Found& found) {
    if (conf.precompressed.empty()) return;
    AcceptedCodings accepted;
    for (const auto& field : exchange.request().all()) {
      if (field.id == WEIR_H_ACCEPT_ENCODING) accepted.add(weir::view(field.value));
    }
    int best = 0;
    const size_t original = found.path.size();
    for (const Coding coding : conf.precompressed) {
      const int quality = accepted.quality(coding);
      if (quality <= best || !found.path.append(coding_suffixes[static_cast<size_t>(coding)])) {
        continue;
      }
      auto coded = open_file(root, found.path.c_str(), conf.symlinks);
      found.path.shorten(original);
      if (coded.kind != Kind::file || coded.modified.tv_sec < found.file.modified.tv_sec) continue;
      found.file = std::move(coded);
      found.coding = coding;
      best = quality;
    }
  }

  static std::string_view type_of(const Found& found, const Conf& conf) {
    const Extension extension{found.path.view()};
    for (const auto& entry : conf.types) {
      auto key = entry.key.view();
      if (key.starts_with('.')) key.remove_prefix(1);
      if (key == extension.view()) return entry.value;
    }
    const auto known = media_type(extension.view());
    return known.empty() ? conf.default_type.view() : known;
  }

  // ---- From the file to an answer --------------------------------------------------------------

  weir::Verdict serve(weir::Exchange exchange, const Conf& conf, State& state, Found& found) {
    const EntityTag tag{found.file.modified, found.file.size, coding_of(found)};
    http_date::Text date_room;
    const int64_t modified = found.file.modified.tv_sec;
    const int64_t now = static_cast<int64_t>(exchange.number({WEIR_A_TIME_UNIX})) / 1000;
    Preconditions conditions{{tag.view(), modified, modified < now}};
    std::string_view range;
    for (const auto& field : exchange.request().all()) {
      if (field.id == WEIR_H_RANGE) range = weir::view(field.value);
      add_condition(conditions, field);
    }
    AnswerFields fields;
    fields.add(etag, tag.view());
    fields.add(last_modified, http_date::format(std::min(modified, now), date_room));
    fields.add(cache_control, conf.cache_control);
    if (!conf.precompressed.empty()) fields.add(vary, "Accept-Encoding");
    const auto outcome = conditions.outcome();
    if (outcome == Preconditions::Outcome::failed) return exchange.respond(412);
    if (outcome == Preconditions::Outcome::not_modified) {
      return exchange.respond(304, {}, fields.all());
    }

    const bool partial = exchange.method() == "GET" && conditions.ranges_apply();
    const auto ranges = partial ? read_ranges(range, found.file.size) : ByteRanges{};
    if (ranges.kind == ByteRanges::Kind::unsatisfiable) {
      return exchange.respond(
          416, {}, {weir::field(content_range, ShortText::no_range(found.file.size).view())});
    }
    fields.add(content_encoding, coding_of(found));
    fields.add(accept_ranges, "bytes");
    keep(found, ranges, type_of(found, conf), state);
    return send_head(exchange, fields);
  }

  static std::string_view coding_of(const Found& found) {
    if (!found.coding) return {};
    return codings[static_cast<size_t>(*found.coding)];
  }

  static void add_condition(Preconditions& conditions, const weir_field& field) {
    const auto value = weir::view(field.value);
    switch (field.id) {
      case WEIR_H_IF_MATCH:
        return conditions.if_match(value);
      case WEIR_H_IF_NONE_MATCH:
        return conditions.if_none_match(value);
      case WEIR_H_IF_MODIFIED_SINCE:
        return conditions.if_modified_since(value);
      case WEIR_H_IF_UNMODIFIED_SINCE:
        return conditions.if_unmodified_since(value);
      case WEIR_H_IF_RANGE:
        return conditions.if_range(value);
      default:
        return;
    }
  }

  // What `run` needs later.
  void keep(Found& found, const ByteRanges& ranges, std::string_view type, State& state) {
    descriptor_ = found.file.descriptor.release() + 1;
    size_ = found.file.size;
    type_ = weir::raw(type);
    count_ = static_cast<uint32_t>(ranges.count);
    std::copy_n(ranges.ranges.begin(), ranges.count, ranges_);
    if (count_ > 1) boundary_ = state.next_boundary();
  }

  weir::Verdict send_head(weir::Exchange exchange, AnswerFields& fields) const {
    const auto range = ShortText::content_range(ranges_[0], size_);
    std::string multipart;
    if (count_ > 1) {
      multipart = "multipart/byteranges; boundary=" + std::string{Boundary{boundary_}.view()};
      fields.add(content_type, multipart);
    } else {
      fields.add(content_type, weir::view(type_));
    }
    if (count_ == 1) fields.add(content_range, range.view());
    exchange.response().set_status(count_ > 0 ? 206 : 200);
    for (const auto& field : fields.all()) {
      exchange.response().set({field.id}, weir::view(field.value));
    }
    return weir::Verdict::next;
  }

  // The client named a folder without the slash that relative links in its index need.
  static weir::Verdict to_folder(weir::Exchange exchange) {
    std::string target{exchange.path()};
    target += '/';
    if (!exchange.query().absent()) target += "?" + std::string{exchange.query().view()};
    return exchange.respond(308, {}, {weir::field(location, target)});
  }

  static weir::Verdict trouble(weir::Exchange exchange, State& state, uint32_t status,
                               std::string_view text) {
    const auto now = weir::now();
    if (!state.told || now - *state.told > std::chrono::seconds{10}) {
      state.told = now;
      exchange.log(weir::Level::error, text);
    }
    return exchange.respond(status, status == 503 ? "service unavailable\n" : "server error\n");
  }

  // ---- The body --------------------------------------------------------------------------------

  int take_descriptor() { return std::exchange(descriptor_, 0) - 1; }

  bool put_range(int file, uint32_t index, weir::Output out) const {
    const uint64_t at = count_ > 0 ? ranges_[index].first : 0;
    const uint64_t size = count_ > 0 ? ranges_[index].size() : size_;
    return size == 0 || taken(out.put_file(file, at, size));
  }

  bool put_parts(int file, weir::Output out) const {
    const Boundary boundary{boundary_};
    for (uint32_t index = 0; index < count_; ++index) {
      std::string head{index == 0 ? "--" : "\r\n--"};
      head.append(boundary.view()).append("\r\nContent-Type: ").append(weir::view(type_));
      head.append("\r\nContent-Range: ");
      head.append(ShortText::content_range(ranges_[index], size_).view()).append("\r\n\r\n");
      if (!taken(out.put(head)) || !put_range(file, index, out)) return false;
    }
    return taken(out.put("\r\n--" + std::string{boundary.view()} + "--\r\n"));
  }

  static bool taken(weir_rc rc) { return rc == WEIR_OK || rc == WEIR_FULL; }

  ByteRange ranges_[ByteRanges::most];
  weir_str type_;
  uint64_t size_;
  uint64_t boundary_;
  uint32_t count_;  // of ranges; 0: the whole file
  int descriptor_;  // one more than it is; 0: none
};

}  // namespace

WEIR_MODULE("static", "1.0", "Apache-2.0", Static)
